"""Which folder the results may go to."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detector.corpus import run as run_module
from detector.corpus.store import Store
from detector.errors import InputError, OutputError, UsageError


def test_a_folder_of_other_things_is_left_alone(run, source, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    for force in (False, True):
        with pytest.raises(UsageError, match="not empty"):
            run(source, force=force)
    run(source, out=tmp_path / "two")
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "two" / "results" / "mine.parquet")
    with pytest.raises(UsageError, match=r"mine.parquet is no file of a run"):
        run(source, out=tmp_path / "two", force=True)


def test_two_runs_cannot_share_a_folder(run, source, tmp_path):
    with Store(tmp_path / "out").held(), pytest.raises(OutputError, match="Another run is writing"):
        run(source)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_folder_is_said(run, source, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="cannot be written to"):
        run(source, out=tmp_path / "locked" / "out")


def test_a_file_in_place_of_the_folder_is_said(run, source, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out is a file"):
        run(source)


def test_empty_names_are_not_the_folder_one_is_in(run, source):
    with pytest.raises(InputError, match="input is empty"):
        run("")
    with pytest.raises(UsageError, match="results is empty"):
        run_module.score_corpus(source, "")
