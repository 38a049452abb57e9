"""What was read is on the disk, once, and only for the run that read it."""

import sqlite3
from pathlib import Path

import pytest

from detector.errors import InputError
from detector.vocabulary.in_context import TokenInContext
from detector.vocabulary.ledger import Ledger
from detector.vocabulary.prompted_probability import SlotReading


def reading(value: float) -> tuple[SlotReading, ...]:
    return (
        SlotReading("echo", (value, -1.0), (3, 4), (0.5, 0.25), ()),
        SlotReading("other", (-2.0,), (1,), (0.0,), (7.5,)),
    )


ONE, TWO = TokenInContext(1), TokenInContext(2, left=(8, 9), right=(3,))


def test_readings_come_back_as_they_were(tmp_path: Path) -> None:
    with Ledger(tmp_path / "kept.sqlite", "run") as ledger:
        ledger.write([ONE, TWO], [reading(-1 / 3), reading(-7.25)])
    with Ledger(tmp_path / "kept.sqlite", "run") as ledger:
        assert ledger.read([TWO, ONE, TokenInContext(3)]) == {ONE: reading(-1 / 3), TWO: reading(-7.25)}


def test_a_token_beside_other_neighbours_is_another(tmp_path: Path) -> None:
    with Ledger(tmp_path / "kept.sqlite", "run") as ledger:
        ledger.write([TWO], [reading(-1.0)])
        assert ledger.read([TokenInContext(2)]) == {}


def test_nothing_is_read_for_another_run(tmp_path: Path) -> None:
    with Ledger(tmp_path / "kept.sqlite", "one") as ledger:
        ledger.write([ONE], [reading(-1.0)])
    with Ledger(tmp_path / "kept.sqlite", "other") as ledger:
        assert ledger.read([ONE]) == {}


def test_a_token_written_twice_is_kept_once_as_it_first_was(tmp_path: Path) -> None:
    with Ledger(tmp_path / "kept.sqlite", "run") as ledger:
        ledger.write([ONE], [reading(-1.0)])
        ledger.write([ONE, TWO], [reading(-9.0), reading(-2.0)])
        assert ledger.read([ONE, TWO]) == {ONE: reading(-1.0), TWO: reading(-2.0)}
    rows = sqlite3.connect(tmp_path / "kept.sqlite").execute("SELECT count(*) FROM readings").fetchone()
    assert rows == (2,)


def test_what_is_written_is_there_without_closing(tmp_path: Path) -> None:
    killed = Ledger(tmp_path / "kept.sqlite", "run")
    killed.write([ONE], [reading(-1.0)])
    with Ledger(tmp_path / "kept.sqlite", "run") as after:
        assert after.read([ONE]) == {ONE: reading(-1.0)}
    killed.__exit__(None, None, None)


def test_without_a_path_it_forgets() -> None:
    with Ledger(None, "run") as ledger:
        ledger.write([ONE], [reading(-1.0)])
        assert ledger.read([ONE]) == {ONE: reading(-1.0)}
    with Ledger(None, "run") as ledger:
        assert ledger.read([ONE]) == {}


def test_a_file_that_is_no_ledger_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, " * 100)
    with pytest.raises(InputError, match=r"notes.txt, which keeps the tokens verified so far, cannot be used"):
        Ledger(path, "run")
    with pytest.raises(InputError, match="cannot be used"):
        Ledger(tmp_path / "no such folder" / "kept.sqlite", "run")


def test_a_damaged_row_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    with Ledger(path, "run") as ledger:
        ledger.write([ONE], [reading(-1.0)])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE readings SET readings = '[{\"prompt\": 1}]'")
    connection.close()
    with Ledger(path, "run") as ledger, pytest.raises(InputError, match="delete it to begin again"):
        ledger.read([ONE])
