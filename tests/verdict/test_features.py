import numpy as np
import pytest

from detector import score_texts
from detector.methods import compute
from detector.verdict.features import (
    FEATURE_NAMES,
    FEATURES,
    LEXICAL_FEATURES,
    N_UNITS,
    PARTS_WIDTH,
    PROBE_FEATURES,
    REGISTER_FEATURES,
    REGISTER_SIZE,
    SECOND_REGISTER_FEATURES,
    VOICE_FEATURES,
    Series,
    feature_vector,
    sentence_means,
    series_of,
)
from detector.verdict.plain_words import PLAIN_WORDS
from tests.conftest import TRAINING_TEXT, make_scores


def series(surprisal, **given):
    n = len(surprisal)
    values = {"entropy": np.ones(n), "variance": np.ones(n), "log_max": np.zeros(n), "rank": np.ones(n)}
    values |= {name: np.asarray(value, dtype=float) for name, value in given.items() if name != "sentence"}
    return Series(
        np.asarray(surprisal, dtype=float), **values, sentence=np.asarray(given.get("sentence", np.zeros(n, int)))
    )


def value(name, found):
    return FEATURES[name].formula(found)


def test_levels_by_hand():
    found = series([1, 3], entropy=[2, 4], variance=[1, 3], log_max=[-0.5, -0.5], rank=[1, 100])
    assert value("mean_surprisal", found) == pytest.approx(2)
    assert value("mean_entropy", found) == pytest.approx(3)
    assert value("curvature", found) == pytest.approx(1 / np.sqrt(2))  # mean(H - s) = 1, mean variance 2
    assert value("mean_gap_to_best", found) == pytest.approx(1.5)
    assert value("mean_log_rank", found) == pytest.approx(np.log(100) / 2)
    assert value("surprisal_per_log_rank", found) == pytest.approx(4 / np.log(100))


def test_shares_by_hand():
    found = series([1] * 5, rank=[1, 10, 11, 1000, 1001])
    assert value("share_rank_1", found) == pytest.approx(0.2)
    assert value("share_rank_10", found) == pytest.approx(0.4)
    assert value("share_rank_100", found) == pytest.approx(0.6)
    assert value("share_rank_over_1000", found) == pytest.approx(0.2)


def test_fluctuation_by_hand():
    found = series([0, 2, 0, 2])
    assert value("std_surprisal", found) == pytest.approx(1)
    assert value("difference_1", found) == pytest.approx(2)
    assert value("difference_2", found) == pytest.approx(4)
    assert value("skew_surprisal", found) == pytest.approx(0)
    assert value("kurtosis_surprisal", found) == pytest.approx(-2)  # a fair coin
    assert value("autocorrelation_1", found) == pytest.approx(-0.75)


def test_voices_by_hand():
    # m - h is 0.5, 3, -2; m + s is 0.5, 2.5, -0.5
    found = series([2, 4, 1], human=[-2, -4.5, 0.5], machine=[-1.5, -1.5, -1.5])
    assert value("voice_ratio", found) == pytest.approx(0.5)
    assert value("voice_ratio_capped", found) == pytest.approx(0.5 / 3)
    assert value("voice_ratio_spread", found) == pytest.approx(np.std([0.5, 3, -2]))
    assert value("machine_gain", found) == pytest.approx(2.5 / 3)
    assert value("machine_gain_capped", found) == pytest.approx(1 / 3)


def test_what_was_not_asked_for_is_unknown_and_the_rest_is_not():
    vector = dict(zip(FEATURE_NAMES, feature_vector(series(np.arange(60.0))), strict=True))
    unknown = {*VOICE_FEATURES, *LEXICAL_FEATURES, *PROBE_FEATURES, *REGISTER_FEATURES, *SECOND_REGISTER_FEATURES}
    assert {name for name, number in vector.items() if np.isnan(number)} == unknown
    without = dict(zip(FEATURE_NAMES, feature_vector(series(np.full(60, np.nan))), strict=True))
    assert all(np.isnan(number) for number in without.values())  # no probabilities: nothing counts as a first choice
    probe = np.arange(60.0 * (1 + 2 * REGISTER_SIZE + N_UNITS)).reshape(60, -1)
    full = series(np.arange(60.0), human=-np.ones(60), machine=-np.ones(60), lexical=np.ones(60), probe=probe)
    assert np.isfinite(feature_vector(full)).all()
    taken = full.take(np.array([3, 4]), np.zeros(2, int))
    assert taken.machine_gain.tolist() == [2, 3]
    assert taken.probe.tolist() == probe[[3, 4]].tolist()


def test_the_probe_by_hand():
    # evidence 1, 3 | 5, 5, 5, 5 in two sentences, of which the first is too short to count; register 2 of every token
    probe = np.zeros((6, 1 + REGISTER_SIZE))
    probe[:, 0], probe[:, 2] = [1, 3, 5, 5, 5, 5], 2
    found = series([1.0] * 6, sentence=np.array([0, 0, 1, 1, 1, 1]), probe=probe)
    assert value("probe_evidence", found) == pytest.approx(4)
    assert value("probe_sentence_spread", found) == 0
    assert [value(name, found) for name in REGISTER_FEATURES] == [0, 2, *[0] * (REGISTER_SIZE - 2)]


def test_the_second_register_stands_before_the_hidden_layer():
    probe = np.zeros((8, PARTS_WIDTH + REGISTER_SIZE + N_UNITS))
    probe[:, PARTS_WIDTH + 1], probe[:, 2] = 3, 2
    found = series([1.0] * 8, probe=probe)
    assert [value(name, found) for name in SECOND_REGISTER_FEATURES] == [0, 3, *[0] * (REGISTER_SIZE - 2)]
    assert [value(name, found) for name in REGISTER_FEATURES] == [0, 2, *[0] * (REGISTER_SIZE - 2)]
    alone = series([1.0] * 8, probe=probe[:, : PARTS_WIDTH + N_UNITS])
    assert np.isnan([value(name, alone) for name in SECOND_REGISTER_FEATURES]).all()


def test_the_hidden_layer_by_hand():
    # Of each unit the mean counts, and only above 0: 1, 3 and 2, -1 speak for a machine, -9, 1 and 5, 1 against it.
    probe = np.zeros((8, 1 + REGISTER_SIZE + N_UNITS))
    half = 1 + REGISTER_SIZE + N_UNITS // 2
    probe[:, half - 2], probe[:, half - 1] = [1, 3] * 4, [2, -1] * 4
    probe[:, half], probe[:, half + 1] = [-9, 1] * 4, [5, 1] * 4
    assert value("probe_units", series([1.0] * 8, probe=probe)) == pytest.approx(2 + 0.5 - 0 - 3)
    assert np.isnan(value("probe_units", series([1.0] * 8, probe=probe[:, : 1 + REGISTER_SIZE])))


def test_units_are_never_taken_for_the_evidence_of_parts():
    for width in (1 + REGISTER_SIZE, 1 + REGISTER_SIZE + N_UNITS):
        with pytest.raises(ValueError, match="without a probe of parts"):
            _ = series([1.0] * 8, probe=np.ones((8, width))).part_evidence
    for width in (PARTS_WIDTH, PARTS_WIDTH + N_UNITS, PARTS_WIDTH + REGISTER_SIZE + N_UNITS):
        probe = np.tile(np.arange(float(width)), (8, 1))
        assert series([1.0] * 8, probe=probe).part_evidence.tolist() == [1 + REGISTER_SIZE] * 8


def test_readings_of_edits_are_never_taken_for_units():
    for width in (1 + REGISTER_SIZE, PARTS_WIDTH):
        with pytest.raises(ValueError, match="without a hidden layer"):
            _ = series([1.0] * 8, probe=np.ones((8, width))).units
        assert np.isnan(value("probe_units", series([1.0] * 8, probe=np.ones((8, width)))))
    probe = np.tile(np.arange(float(PARTS_WIDTH + N_UNITS)), (8, 1))
    assert series([1.0] * 8, probe=probe).units[0].tolist() == list(range(PARTS_WIDTH, PARTS_WIDTH + N_UNITS))


def test_runs_by_hand():
    # first choices in runs of 2 and 1
    assert value("mean_run_rank_1", series([1] * 5, rank=[1, 1, 9, 1, 9])) == pytest.approx(1.5)
    assert value("mean_run_over_100", series([1] * 5, rank=[1, 1, 9, 1, 9])) == 0


def test_sentence_spread_by_hand():
    # sentences of 4, 4 and 2 tokens with means 1, 3 and 9: the short one does not count
    found = series([1, 1, 1, 1, 3, 3, 3, 3, 9, 9], sentence=[0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
    assert sentence_means(found).tolist() == [1, 3]
    assert value("sentence_spread", found) == pytest.approx(1)


def test_low_frequencies_of_a_slow_wave_a_fast_wave_and_noise():
    t = np.arange(256)
    assert value("low_frequency_share", series(np.sin(2 * np.pi * t / 64))) == pytest.approx(1, abs=1e-6)
    assert value("low_frequency_share", series(np.sin(2 * np.pi * t / 3))) == pytest.approx(0, abs=0.01)
    noise = np.random.default_rng(0).normal(size=20_000)
    assert value("low_frequency_share", series(noise)) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("surprisal", [[1.0] * 60, [0.0] * 60])
def test_constant_series_give_finite_features(surprisal):
    constant = dict.fromkeys(("entropy", "variance", "human", "machine", "lexical"), np.zeros(60))
    vector = feature_vector(series(surprisal, probe=np.zeros((60, 1 + 2 * REGISTER_SIZE + N_UNITS)), **constant))
    assert np.isfinite(vector).all()


def test_too_few_tokens_give_nan():
    assert np.isnan(feature_vector(series([1.0] * 7))).all()


def test_agreement_with_the_published_statistics(tiny):
    (scores,) = score_texts(tiny, [TRAINING_TEXT])
    vector = dict(zip(FEATURE_NAMES, feature_vector(series_of(scores, [0])), strict=True))
    assert vector["mean_surprisal"] == pytest.approx(-compute("log_likelihood", scores))
    assert vector["surprisal_per_log_rank"] == pytest.approx(compute("lrr", scores))
    assert vector["curvature"] * np.sqrt(len(scores)) == pytest.approx(compute("fast_detect_gpt", scores))
    assert vector["std_surprisal"] == pytest.approx(compute("surprisal_std", scores))


def test_a_leading_space_does_not_put_a_token_in_the_sentence_before():
    # characters: token i covers i .. i+1; sentences start at 0 and 3
    found = series_of(make_scores([-1.0] * 5), [0, 3])
    assert found.sentence.tolist() == [1, 1, 1, 2, 2]


def test_every_feature_says_what_it_means():
    assert all(feature.meaning for feature in FEATURES.values())


def test_every_feature_has_its_own_plain_words():
    assert list(PLAIN_WORDS) == list(FEATURES)
    assert len(set(PLAIN_WORDS.values())) == len(FEATURES)
    for words in PLAIN_WORDS.values():
        assert words.startswith(("how ", "which ", "what "))
        assert "_" not in words
