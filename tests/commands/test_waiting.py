"""The line that says what is done: there at once where someone looks, gone where results come, never in their way."""

import io
import sys

import pytest

from detector.commands.waiting import loading, progress_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def watched(monkeypatch):
    """Standard error as a terminal; asked for within a test, for pytest sets its own between fixtures and tests."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def test_it_is_said_before_anything_is_done_and_taken_away(monkeypatch):
    terminal = watched(monkeypatch)
    with loading("small", quiet=False):
        shown = terminal.getvalue()
    assert "Loading the model small" in shown
    assert len(terminal.getvalue()) > len(shown)  # what clears the line


def test_results_go_to_standard_output_while_it_is_there(monkeypatch, capsys):
    terminal = watched(monkeypatch)
    out = sys.stdout
    with progress_bar("Scoring", quiet=False) as line:
        line(1, 4)
        assert sys.stdout is out
        print("a result")
        line.hide()
        line(2, 4)
    assert capsys.readouterr().out == "a result\n"
    assert "a result" not in terminal.getvalue()
    assert "25%" in terminal.getvalue()


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_is_written_where_nobody_looks(quiet, monkeypatch):
    stream = Terminal() if quiet else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar("Scoring", quiet) as line:
        line(1, 2)
    assert stream.getvalue() == ""
