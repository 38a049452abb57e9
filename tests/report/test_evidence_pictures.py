from dataclasses import replace

import numpy as np
import pytest

from detector import Detector
from detector.errors import InputError, OutputError, UsageError
from detector.records.result import Result, Segment
from detector.report.distributions import (
    DISTRIBUTIONS,
    entropy_shares,
    fraction_shares,
    rank_shares,
    spectrum_power,
)
from detector.report.evidence_pictures import PICTURES, all_pictures, picture_of
from detector.report.picture_files import figure_of, save_picture
from detector.report.picture_parts import Band, Bars, Rule, Steps, nice_ticks
from detector.report.references import Distribution, References, Spread
from detector.report.svg import inline_svg, legend_of
from tests.conftest import TRAINING_TEXT, make_classifier, make_scores

LN2 = float(np.log(2))


@pytest.fixture(scope="module")
def result(tiny):
    return Detector(tiny, make_classifier(tiny), alternatives=10).detect("First.\n\n" + TRAINING_TEXT * 2)


def test_shares_by_hand():
    # ranks 1, 10 | 11 | none | 5000; p / p_max = 1, 0.55, 0.25, 0.01
    scores = make_scores(
        [np.log(0.5), np.log(0.275), np.log(0.1), np.log(0.005)],
        rank=[1, 10, 11, 5000],
        max_log_prob_nats=[np.log(0.5), np.log(0.5), np.log(0.4), np.log(0.5)],
    )
    assert rank_shares(scores).tolist() == [0.5, 0.25, 0, 0.25]
    assert fraction_shares(scores).tolist() == [0.25, 0, 0.25, 0, 0, 0.25, 0, 0, 0, 0.25]


def test_entropy_shares_by_hand():
    # ten equal choices: ln 10 nats, the last bin; a certain choice: 0 nats, the first
    top = np.stack([np.full(10, np.log(0.1)), np.array([0.0] + [-90.0] * 9)]).astype(np.float32)
    scores = replace(make_scores([-1, -1]), top_log_prob_nats=top)
    assert entropy_shares(scores).tolist() == [0.5, *[0.0] * 8, 0.5]
    assert np.isnan(entropy_shares(make_scores([-1, -1]))).all()


def test_a_wave_has_its_power_in_its_own_band():
    """Ups and downs of four tokens are 1/4 cycle a token: band 7 of 16, from 0.21875 to 0.25."""
    values = -np.exp(np.tile([0.0, 1.0, 0.0, -1.0], 50)) + 0.9 - 1
    power = spectrum_power(make_scores(values.tolist()))
    assert power.argmax() == 7
    assert power[7] > 0.9 * power.sum()


def test_white_noise_has_power_one_everywhere():
    noise = np.exp(np.random.default_rng(0).normal(size=200_000))
    power = spectrum_power(make_scores((-noise).tolist()))
    assert power == pytest.approx(np.ones(16), abs=0.05)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_nothing_is_nothing(name):
    assert np.isnan(DISTRIBUTIONS[name](make_scores([]))).all()


def test_the_surprise_picture_shows_every_sentence_on_the_band(result):
    picture = picture_of(result, "surprise")
    band = next(layer for layer in picture.layers if isinstance(layer, Band))
    steps = next(layer for layer in picture.layers if isinstance(layer, Steps))
    assert (band.low, band.high) == (5.0, 9.0)
    bits = result.evidence.scores.surprisal_bits
    assert steps.level.tolist() == pytest.approx(
        [bits[int(a) : int(b)].mean() for a, b in zip(steps.left, steps.right, strict=True)]
    )
    assert (steps.left[0], steps.right[-1]) == (0, len(bits))
    assert len(picture.table.rows) == len(steps.level)


def test_sentences_of_machine_texts_have_a_band_where_they_were_measured(result):
    assert len([layer for layer in picture_of(result, "surprise").layers if isinstance(layer, Band)]) == 1
    classifier = replace(result.classifier, machine_sentence_bits=[2.0, 3.0, 4.0])
    picture = picture_of(replace(result, classifier=classifier), "surprise")
    human, machine = (layer for layer in picture.layers if isinstance(layer, Band))
    assert (machine.low, machine.high, machine.role) == (2.0, 4.0, "machine")
    assert human.label != machine.label
    dashed = str(inline_svg(picture)).count('stroke-dasharray="5 3"')
    assert dashed == str(inline_svg(picture_of(result, "surprise"))).count('stroke-dasharray="5 3"') + 1
    assert figure_of(picture).axes


def test_a_long_text_has_fewer_bars_with_the_same_mean(tiny):
    found = Detector(tiny, make_classifier(tiny)).detect(TRAINING_TEXT * 12)
    bars = next(layer for layer in picture_of(found, "surprise").layers if isinstance(layer, Bars))
    bits = found.evidence.scores.surprisal_bits
    assert len(bars.height) == 700 < len(bits)
    assert ((bars.right - bars.left) * bars.height).sum() == pytest.approx(bits.sum(), rel=0.02)


def test_evidence_bars_lie_on_their_own_side_and_parts_are_ruled(result):
    border = len("First.\n\n") + TRAINING_TEXT.index(
        "He had counted"
    )  # the token that it stands in begins with the blank before it
    parts = (
        Segment(0, border - 1, "human", "human", -1, 0.3, 0.2),
        Segment(border, 400, "uncertain", "machine", 1, 0.7, 0.2),
    )
    evidence = replace(result.evidence, token_evidence=np.sin(np.arange(len(result.evidence.spans)) / 9))
    picture = picture_of(replace(result, segments=parts, evidence=evidence), "evidence")
    for layer in picture.layers:
        if isinstance(layer, Bars):
            assert (layer.height >= 0 if layer.role == "machine" else layer.height < 0).all()
    rule = next(layer for layer in picture.layers if isinstance(layer, Rule))
    start, end = result.evidence.spans[int(rule.x)]
    assert start <= border < end


def test_the_score_stands_among_the_references_of_its_length(result):
    picture = picture_of(result, "score")
    rule = next(layer for layer in picture.layers if isinstance(layer, Rule))
    assert rule.x == result.score
    assert (rule.low, rule.high) == result.confidence_interval
    for layer in picture.layers:
        if isinstance(layer, Bars):
            assert layer.height.sum() == pytest.approx(1)
    assert picture.x_limits[0] <= result.score <= picture.x_limits[1]
    assert "199 human texts of 50 to 199 tokens and 199 machine texts of 50 to 199 tokens" in picture.caption


def test_references_stand_beside_the_text(result, monkeypatch):
    spread = Spread([0.1] * 4, [0.2] * 4, [0.3] * 4)
    fingerprint = result.model_fingerprint
    found = References("tiny", fingerprint, 7, 8, 9, 10, {"rank": Distribution(spread, spread)}, {}, 0.9)
    monkeypatch.setattr("detector.report.evidence_pictures.references_for", lambda _: found)
    picture = picture_of(result, "rank")
    assert picture.table.headings[2:] == (
        "human texts, mean", "human, middle 80 %", "machine texts, mean", "machine, middle 80 %"
    )  # fmt: skip
    assert picture.table.rows[0][2:4] == ("20.0%", "10.0% to 30.0%")
    assert [label for _, label in legend_of(picture)] == ["this text", "human texts", "machine texts"]


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_drawn_as_svg_and_by_matplotlib(result, name, tmp_path):
    picture = picture_of(result, name)
    drawn = str(inline_svg(picture))
    assert drawn.startswith("<svg")
    assert "nan" not in drawn
    assert "style=" not in drawn  # the page's policy refuses it
    assert picture.table.rows
    assert picture.caption
    save_picture(picture, tmp_path / "x.svg")
    assert "</svg>" in (tmp_path / "x.svg").read_text()
    assert result.plot(name).axes


def test_what_cannot_be_drawn_says_why(result):
    with pytest.raises(UsageError, match=r"no picture 'pie'; there are evidence, surprise, score, rank"):
        result.plot("pie")
    with pytest.raises(InputError, match="has no scores"):
        Result.unscored("empty", "The text is empty.", id="x").plot()
    bare = np.zeros((len(result.evidence.scores), 0), np.float32)
    scores = replace(result.evidence.scores, top_log_prob_nats=bare, top_ids=bare.astype(np.int32))
    less = replace(result, evidence=replace(result.evidence, scores=scores))
    with pytest.raises(InputError, match=r"needs the ten likeliest tokens: Detector.load\(alternatives=10\)"):
        less.plot("top10_entropy")
    assert [p.name for p in all_pictures(less)] == [n for n in PICTURES if n != "top10_entropy"]
    assert all_pictures(Result.unscored("empty", "The text is empty.", id="x")) == []


def test_a_picture_that_cannot_be_written_is_said(result, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        save_picture(picture_of(result, "rank"), tmp_path / "no" / "x.png")


def test_titles_of_a_stranger_are_no_markup(result):
    assert figure_of(picture_of(result, "rank"), "$x_1$ <b>").axes[0].get_title(loc="left") == "$x_1$ <b>"


@pytest.mark.parametrize("limits", [(0, 1), (0, 587), (-4, 4), (0, 0.3), (-12.5, 17)])
def test_ticks_are_round_inside_the_limits_and_evenly_spaced(limits):
    ticks = [value for value, _ in nice_ticks(*limits)]
    assert 3 <= len(ticks) <= 9
    assert limits[0] - 1e-9 <= ticks[0] < ticks[-1] <= limits[1] + 1e-9
    assert np.diff(ticks) == pytest.approx(np.full(len(ticks) - 1, ticks[1] - ticks[0]))
