"""The next tokens in a table and in a picture."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from detector.generation.next_tokens import NextTokens, by_temperature, next_tokens
from detector.generation.sampling import SamplingSettings
from detector.report.next_tokens import TEMPERATURES, draw_next_tokens, print_next_tokens


def test_tokens_are_no_markup_and_the_heading_says_what_the_bars_show(capsys):
    half = np.array([0.5, 0.3, 0.2])
    print_next_tokens(NextTokens("a", ["[bold]", "[/", "b"], half, half, None, None), 3)
    shown = capsys.readouterr().out
    assert "'[bold]'" in shown
    assert "'[/'" in shown
    assert "bar: probability" in shown.splitlines()[0]


@pytest.fixture
def drawn(tiny, tmp_path, monkeypatch):
    """The figure that ``draw_next_tokens`` writes; a glyph that is missing is a warning, and so an error here."""
    figures = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, path: (figures.append(self), save(self, path)))

    def draw(prompt, settings, n):
        warmed = by_temperature(tiny, prompt, settings, (*TEMPERATURES, settings.temperature))
        draw_next_tokens(next_tokens(tiny, prompt, settings), warmed, settings, n, tmp_path / "next.png")
        return figures[-1]

    return draw


def test_a_picture_shows_as_many_tokens_as_asked_for_and_every_axis_has_a_name(drawn):
    figure = drawn("It", SamplingSettings(), 7)
    linear, logarithmic, warm = figure.axes
    assert len(linear.patches) == 7
    assert [axes.get_ylabel() for axes in figure.axes] == ["probability"] * 3
    assert all(len(line.get_xdata()) == 7 for line in warm.lines)
    assert len(logarithmic.lines) == 1
    assert len(drawn("It", SamplingSettings(), 1000).axes[0].patches) == 60


def test_a_picture_shows_what_the_settings_make_of_it(drawn):
    linear, logarithmic, warm = drawn("It", SamplingSettings(temperature=0.7, top_k=3), 5).axes
    assert [bar.get_height() > 0 for bar in linear.patches] == [True] * 5 + [True] * 3 + [False] * 2
    assert len(logarithmic.lines[1].get_xdata()) == 3
    assert all((line.get_ydata() > 0).sum() == 3 for line in warm.lines)
    assert "temperature 0.7" in [text.get_text() for text in warm.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("", "at the beginning of a text"),
        ("\u4e2d\n$x$", "after \u201c\\u4e2d\\n$x$\u201d"),
    ],
)
def test_a_title_has_no_character_the_font_lacks(drawn, prompt, title):
    assert drawn(prompt, SamplingSettings(top_k=1), 1).get_suptitle() == title
