"""Two texts: names are shown as they are, short texts are said to be short, pictures have every letter."""

import pytest
from matplotlib.figure import Figure

from detector.report.two_texts import cautions, draw_comparison, print_comparison
from tests.conftest import make_scores


def scores(n):
    return make_scores([-1.0, -2.0] * (n // 2) + [-1.5] * (n % 2))


def test_markup_and_escapes_in_names_are_shown_and_long_names_shortened(capsys):
    print_comparison(("d/a[bold]b.txt", "x" * 200 + ".txt"), (scores(60), scores(60)))
    heading = capsys.readouterr().out.splitlines()[0]
    assert "a[bold]b.txt" in heading
    assert " xxxxxxxx\u2026xxx.txt " in heading
    assert len(heading) <= 80
    print_comparison(("\x1b[31m[red].txt", "-"), (scores(60), scores(60)))
    shown = capsys.readouterr().out
    assert "\ufffd[31m[red].txt" in shown
    assert "standard input" in shown


def test_what_is_undefined_is_a_dash(capsys):
    print_comparison(("a", "b"), (scores(60), scores(3)))
    shown = capsys.readouterr().out
    assert "nan" not in shown
    (lastde,) = [line.split() for line in shown.splitlines() if line.startswith("lastde ")]
    assert lastde[2] == "-"


def test_short_texts_are_cautioned_against():
    assert list(cautions(("a", "b"), (scores(50), scores(60)))) == []
    (one,) = cautions(("a", "-"), (scores(50), scores(49)))
    assert one.startswith("standard input has 49 tokens; below 50 ")


@pytest.mark.parametrize("n", [0, 1, 7, 10, 11])
def test_a_text_too_short_for_a_line_is_said_in_the_legend(n, tmp_path, monkeypatch):
    drawn = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, path: (drawn.append(self), save(self, path)))
    # a glyph that is missing would be a warning, and warnings are errors here
    draw_comparison(("_a$x$.txt", "\u4e2d\u6587.txt"), (scores(60), scores(n)), tmp_path / "both.png")
    (figure,) = drawn
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    said = "" if n > 10 else f": too short for a line ({n} tokens)"
    assert labels == ["_a$x$.txt", f"\\u4e2d\\u6587.txt{said}"]
