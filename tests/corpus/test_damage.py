"""What is on disk may be damaged, copied or planted: it is named, mended or counted once, and never just believed."""

import os
import random
import shutil
import stat
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detector.corpus.query import query
from detector.corpus.sealed_parquet import read_sealed_parquet, to_sealed_parquet
from detector.errors import DetectorWarning, OutputError, UsageError
from tests.corpus.conftest import rows_of, write_jsonl
from tests.corpus.made_up import MadeUp

TABLE = pa.table({"id": [f"d{at}" for at in range(50)], "verdict": ["human", "machine"] * 25, "p": [0.25] * 50})


@pytest.fixture
def source(tmp_path):
    return write_jsonl(tmp_path / "in.jsonl", [{"id": f"d{at}", "text": f"Text number {at}."} for at in range(30)])


@pytest.fixture
def part(run, source, tmp_path):
    run(source)
    (part,) = (tmp_path / "out" / "results").iterdir()
    return part


def test_a_sealed_file_is_an_ordinary_one(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(to_sealed_parquet(TABLE))
    assert pq.read_table(path).equals(TABLE)
    assert read_sealed_parquet(path).equals(TABLE)
    assert read_sealed_parquet(path, ["p"]).equals(TABLE.select(["p"]))
    assert pq.ParquetFile(path).metadata.num_rows == 50


def test_no_bit_turns_over_without_a_word(tmp_path):
    data = to_sealed_parquet(TABLE)
    path = tmp_path / "a.parquet"
    for bit in random.Random(0).sample(range(8 * len(data)), 1500):
        turned = bytearray(data)
        turned[bit // 8] ^= 1 << bit % 8
        path.write_bytes(turned)
        with suppress(UsageError):
            assert read_sealed_parquet(path).equals(TABLE)  # a bit of the seal's name, without which there is none


@pytest.mark.parametrize("length", [0, 3, 8, 100, -1])
def test_a_file_that_is_cut_off_is_named(tmp_path, length):
    (tmp_path / "a.parquet").write_bytes(to_sealed_parquet(TABLE)[:length])
    with pytest.raises(UsageError, match=r"a\.parquet is damaged"):
        read_sealed_parquet(tmp_path / "a.parquet")


def test_files_of_earlier_versions_have_no_seal_and_are_read(tmp_path):
    pq.write_table(TABLE, tmp_path / "a.parquet")
    assert read_sealed_parquet(tmp_path / "a.parquet").equals(TABLE)


def test_a_bit_that_turned_over_in_a_part_is_named_by_every_reader(run, source, part, tmp_path):
    data = bytearray(part.read_bytes())
    data[len(data) // 3] ^= 1
    status = part.stat()
    part.write_bytes(data)
    os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))  # as decay of a disk leaves it
    (tmp_path / "out" / "summary.json").unlink()
    with pytest.raises(UsageError, match=f"{part.name} is damaged.*Delete it"):
        run(source)
    pytest.importorskip("duckdb")
    with pytest.raises(UsageError, match=f"{part.name} is damaged"):
        query(tmp_path / "out", "SELECT 1 FROM results")


def test_a_part_whose_mark_is_damaged_is_named_and_not_removed(run, source, part):
    mark = pq.read_schema(part).metadata[b"detect.run"]
    part.write_bytes(part.read_bytes().replace(mark, mark[:-1] + b"~"))
    with pytest.raises(UsageError, match=f"{part.name} is damaged"):
        run(source)
    assert part.exists()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_ledger_that_is_damaged_anywhere_is_made_again(run, source, part, tmp_path, share):
    expected = rows_of(tmp_path / "out")
    ledger = tmp_path / "out" / "ledger.sqlite"
    data = bytearray(ledger.read_bytes())
    at = int(share * len(data))
    data[at : at + 600] = bytes(byte ^ 0x55 for byte in data[at : at + 600])
    ledger.write_bytes(data)
    engine = MadeUp()
    run(source, engine=engine)
    assert engine.judged_texts == []
    assert rows_of(tmp_path / "out") == expected


@pytest.mark.parametrize("lose_ledger", [False, True])
def test_a_copied_part_is_counted_once(run, source, part, tmp_path, lose_ledger):
    expected = rows_of(tmp_path / "out")
    shutil.copy(part, part.with_name("part-a-copy.parquet"))
    if lose_ledger:
        (tmp_path / "out" / "ledger.sqlite").unlink()
    with pytest.warns(DetectorWarning, match="held the rows of .* once more, so it was removed"):
        summary = run(source)
    assert summary["documents"] == 30
    assert rows_of(tmp_path / "out") == expected


def test_parts_that_share_some_rows_are_both_named(run, source, part, tmp_path):
    table = pq.read_table(part)
    other = table.slice(0, 1).set_column(table.column_names.index("document_key"), "document_key", pa.array(["f" * 32]))
    mixed = pa.concat_tables([table.slice(0, 5), other]).replace_schema_metadata(table.schema.metadata)
    part.with_name("part-b.parquet").write_bytes(to_sealed_parquet(mixed))
    with pytest.raises(UsageError, match=r"hold rows of the same documents.*Delete the one"):
        run(source)


def test_nothing_planted_in_the_folder_is_followed(run, source, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    out = tmp_path / "out"
    out.mkdir()
    (out / ".run.json.tmp").symlink_to(victim)
    run(source)
    for name in (".lock", "ledger.sqlite", "run.json"):
        (out / name).unlink(missing_ok=True)
        (out / name).symlink_to(victim)
        with pytest.raises(OutputError, match=f"{name} is a link"):
            run(source)
        (out / name).unlink()
    assert victim.read_text() == "precious"


@pytest.mark.skipif(os.name != "posix", reason="rights of Unix")
@pytest.mark.parametrize("shared", [False, True])
def test_what_is_written_is_its_owners_alone_unless_asked(run, source, tmp_path, shared):
    old = os.umask(0o022)
    try:
        run(source, reports="none", keep_tokens=True, shared=shared)
    finally:
        os.umask(old)
    paths = [tmp_path / "out", *(tmp_path / "out").rglob("*")]
    assert len(paths) > 8
    for path in paths:
        allowed = (0o755, 0o644) if shared else (0o700, 0o600)
        assert stat.S_IMODE(path.stat().st_mode) == allowed[path.is_file()], path
