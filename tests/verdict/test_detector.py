import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from detector import CalibrationError, Detector, InputError, LanguageModel, UsageError, score_texts
from detector.documents.folding import fold
from detector.verdict.features import FEATURE_NAMES
from detector.verdict.findings import MOST_LISTED
from tests.conftest import N_REFERENCES, TRAINING_TEXT, add_voices, make_classifier

LONG = TRAINING_TEXT + " " + TRAINING_TEXT.replace("boats", "ships")


@pytest.fixture
def detector(tiny):
    return Detector(tiny, make_classifier(tiny))


def with_lean(tiny, lean, target_fpr=0.01):
    return Detector(tiny, make_classifier(tiny, lean), target_fpr)


def test_a_score_above_all_references_is_machine(tiny):
    result = with_lean(tiny, +10).detect(LONG)
    assert result.verdict == "machine"
    assert result.p_value == pytest.approx(1 / (N_REFERENCES + 1))


def test_a_score_below_all_references_is_human(tiny):
    assert with_lean(tiny, -100).detect(LONG).verdict == "human"


def test_a_score_among_the_references_is_inconclusive(tiny):
    result = with_lean(tiny, -10).detect(LONG)
    assert result.verdict == "inconclusive"
    assert "longer text" in result.explanation


def test_the_target_rate_decides(tiny):
    assert with_lean(tiny, -0.5, target_fpr=0.01).detect(LONG).verdict == "inconclusive"
    assert with_lean(tiny, -0.5, target_fpr=0.10).detect(LONG).verdict == "machine"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("Boats.", "too_short"),
        ("The boats were gone.", "too_short"),
        ("Der alte Mann ging langsam zum Hafen, und die Boote waren fort. " * 8, "unsupported_language"),
        ("x" * 100_000, "not_prose"),
        ("the buy now of it to " * 100, "not_prose"),
    ],
)
def test_what_cannot_be_judged_is_unscored_with_a_reason(detector, text, reason):
    result = detector.detect(text)
    assert (result.verdict, result.reason) == ("unscored", reason)
    assert result.explanation
    record = result.to_dict()
    for name in ("score", "probability_machine", "p_value", "confidence_interval", "log_likelihood"):
        assert record[name] is None


def test_too_short_says_how_much_is_missing(detector):
    assert "more" in detector.detect("The boats were gone.").explanation


def test_a_text_unlike_the_references_gets_no_verdict(tiny):
    detector = Detector(tiny, replace(make_classifier(tiny), ranges={"mean_surprisal": [0.0, 1e-9]}))
    result = detector.detect(LONG)
    assert result.reason == "out_of_range"
    assert result.explanation.endswith("is how surprising its words are on average (mean surprisal).")


def test_only_the_first_reasons_are_told(tiny):
    names = ["mean_surprisal", "mean_entropy", "mean_log_rank", "share_rank_1", "share_rank_10"]
    detector = Detector(tiny, replace(make_classifier(tiny), ranges={name: [-3e9, -2e9] for name in names}))
    said = detector.detect(LONG).explanation
    assert said.endswith("stand (mean log rank) and 2 more.")


def test_the_least_length_is_told_in_one_way(detector):
    """50 tokens at 1.35 a word are 37 words, told as 40."""
    short = detector.detect("The boats were gone.").explanation
    assert short == "The text has 4 words and about 40 are needed: about 36 more."
    middle = detector.detect("The boats were gone before dawn, and nobody in the town had seen who took them away.")
    assert middle.reason == "too_short"
    assert middle.explanation.startswith("About 40 words are needed")


def test_numbers_that_are_not_finite_are_no_verdict(tiny, monkeypatch):
    monkeypatch.setattr("detector.verdict.judgement.feature_vector", lambda series: np.full(len(FEATURE_NAMES), np.nan))
    assert Detector(tiny, make_classifier(tiny, +10)).detect(LONG).reason == "not_finite"


def test_a_text_far_longer_than_the_references_carries_a_warning(tiny):
    short_references = Detector(tiny, replace(make_classifier(tiny), most_tokens=60))
    assert "longest reference text 60" in short_references.detect(LONG).warnings[0]
    assert Detector(tiny, make_classifier(tiny)).detect(LONG).warnings == ()


def test_half_a_character_does_not_stop_the_others(detector):
    first, second = detector.detect_many([LONG + "\ud800", LONG])
    assert first.verdict == second.verdict != "unscored"


def test_layout_quotes_and_invisible_characters_do_not_move_the_score(detector):
    plain = detector.detect(LONG).score
    altered = LONG.replace("'", "\u2019").replace(". ", ".\r\n\r\n\u00a0 ").replace("harbour", "har\u00adbour")
    assert altered != LONG
    assert detector.detect(altered + "\n\n").score == plain


def test_evidence_points_into_the_text_as_given(detector):
    text = "\r\n " + LONG.replace("'", "\u2019").replace(". ", ".\r\n\r\n")
    evidence = detector.detect(text).evidence
    assert len(evidence.spans) == len(evidence.scores)
    assert all(0 <= a < b <= len(text) for a, b in evidence.spans)
    assert text[slice(*evidence.sentences[0])].startswith("The old man")
    covered = "".join(text[a:b] for a, b in evidence.spans)
    assert "".join(covered.split()) == "".join(text.split())
    for (a, b), index in zip(evidence.spans, evidence.sentence_of_token, strict=True):
        start, end = evidence.sentences[index]
        assert start < b
        assert a <= end  # a space between two sentences may be a token of its own


def test_company_does_not_change_a_result(detector):
    texts = [LONG, "", TRAINING_TEXT * 3, "short", LONG.upper()]
    together = detector.detect_many(texts)
    for text, result in zip(texts, together, strict=True):
        alone = detector.detect(text)
        assert result.verdict == alone.verdict
        assert result.score == (alone.score and pytest.approx(alone.score, abs=1e-5))


def test_the_interval_holds_the_score_and_does_not_change_from_run_to_run(detector):
    first, second = detector.detect(LONG), detector.detect(LONG)
    assert first.confidence_interval == second.confidence_interval
    low, high = first.confidence_interval
    assert low < first.score < high


def test_invisible_characters_are_findings(detector):
    text = LONG[:50] + "\u200b" + LONG[50:]
    (finding,) = detector.detect(text).findings
    assert (finding.kind, finding.start_char, finding.end_char) == ("invisible_character", 50, 51)
    assert "ZERO WIDTH SPACE" in finding.detail


def test_quotations_are_shown_apart_and_much_of_them_is_a_warning(detector):
    quoted = f'He wrote "{LONG.replace(chr(34), "")}"'
    result = detector.detect(f"{LONG} {LONG} {quoted}.")
    (finding,) = (f for f in result.findings if f.kind == "quotation")
    assert finding.detail.startswith(str(len(LONG.split())))
    assert result.warnings == ()
    (warning,) = detector.detect(quoted).warnings
    assert "stand in quotations" in warning


def test_joiners_within_an_emoji_are_no_finding(detector):
    family = "\U0001f469\u200d\U0001f467"
    assert detector.detect(LONG + family).findings == ()
    assert len(detector.detect(LONG + " a\u200db").findings) == 1


def test_one_string_is_not_many_texts(detector):
    with pytest.raises(TypeError, match="several texts"):
        detector.detect_many("abc")


def test_the_record_is_json_and_complete(detector):
    record = json.loads(json.dumps(detector.detect(LONG).to_dict(), allow_nan=False))
    expected = {
        "schema_version", "id", "path", "verdict", "reason", "score", "probability_machine", "p_value",
        "confidence_interval", "n_words", "n_tokens", "language", "log_likelihood", "methods", "segments",
        "findings", "model", "warnings",
    }  # fmt: skip
    assert expected <= set(record)
    assert {"log_likelihood", "rank", "log_rank", "entropy", "lrr", "fast_detect_gpt", "lastde"} <= set(
        record["methods"]
    )


@pytest.mark.parametrize("target", [0.0, 1.0, -1, 2, 0.5, float("nan")])
def test_a_rate_that_says_nothing_is_refused(tiny, target):
    with pytest.raises(UsageError, match=r"at most 0\.2"):
        Detector(tiny, make_classifier(tiny), target)


def test_a_rate_the_references_cannot_support_is_refused_with_the_smallest_possible(tiny):
    with pytest.raises(CalibrationError, match=r"smallest possible value is 0\.005"):
        Detector(tiny, make_classifier(tiny), 0.001)
    assert Detector(tiny, make_classifier(tiny), 0.005).target_fpr == 0.005


def test_a_calibration_of_another_model_is_refused(tiny):
    with pytest.raises(CalibrationError, match="belongs to the model"):
        Detector(tiny, replace(make_classifier(tiny), model_fingerprint="f" * 16))


def test_a_classifier_that_asks_for_voices_gets_them(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "model")
    plain = LanguageModel.load(tmp_path / "model", dtype="float32")
    names = ["voice_ratio"]
    asking = replace(
        make_classifier(plain), feature_names=names, means=[0.0], scales=[1.0], coefficients=[1.0], ranges={},
        voices_fingerprint="a" * 16,
    )  # fmt: skip
    with pytest.raises(CalibrationError, match="are missing"):
        Detector(plain, asking)
    add_voices(tmp_path / "model")
    voiced = LanguageModel.load(tmp_path / "model")
    detector = Detector(voiced, replace(asking, voices_fingerprint=voiced.voices.fingerprint))
    (scores,) = score_texts(voiced, [fold(LONG).text], voices=voiced.voices)
    expected = (scores.machine_log_prob_nats - scores.human_log_prob_nats).mean()
    assert abs(expected) > 1e-3
    assert detector.detect(LONG).score == pytest.approx(float(expected), abs=1e-4)


@pytest.mark.parametrize("value", [None, 5, b"bytes", ["a list"]])
def test_what_is_no_text_is_a_sentence(tiny, value):
    with pytest.raises(InputError, match=f"text is of the type {type(value).__name__}"):
        Detector(tiny, make_classifier(tiny)).detect(value)


def test_a_disguise_is_undone_and_both_numbers_are_told(detector, tiny):
    disguised = LONG.replace("o", "o\u200b").replace("boats", "b\u043eats")
    plain, result = detector.detect(LONG), detector.detect(disguised)
    assert (result.score, result.p_value, result.verdict) == (plain.score, plain.p_value, plain.verdict)
    [as_given] = score_texts(tiny, [disguised])
    assert result.score_as_given == pytest.approx(as_given.log_prob_nats.mean() / 100, rel=1e-4)
    assert result.p_value_as_given is not None
    assert "The text is disguised (" in result.explanation
    assert f"p-value would be {result.p_value_as_given:.2g}." in result.explanation
    assert (plain.score_as_given, plain.p_value_as_given) == (None, None)
    assert plain.explanation in result.explanation


def test_texts_with_and_without_a_disguise_keep_their_results_apart(detector):
    disguised = LONG.replace("a", "\u0430")
    texts = [disguised, LONG, "Too short.", disguised, LONG]
    results = detector.detect_many(texts)
    assert [result.n_tokens for result in results] == [results[1].n_tokens] * 2 + [None] + [results[1].n_tokens] * 2
    assert [result.score_as_given is None for result in results] == [False, True, True, False, True]


def test_a_text_of_which_the_model_knows_too_few_tokens_gets_no_verdict(detector):
    glossed = " ".join(
        f"{word} /\u02c8w\u0254\u02d0t\u0259/" if i % 8 == 0 else word for i, word in enumerate(LONG.split())
    )
    result = detector.detect(glossed)
    assert (result.verdict, result.reason) == ("unscored", "unfamiliar_tokens")
    assert "pieces of characters" in result.explanation


def test_findings_are_listed_up_to_a_hundred_of_a_kind_and_all_counted(detector):
    result = detector.detect(
        (LONG + " ") * 4 + "\u200b".join(LONG.split()) + " " + " ".join(f"{w}\ufe0f" for w in LONG.split() * 3)
    )
    assert len([finding for finding in result.findings if finding.kind == "invisible_character"]) == MOST_LISTED
    assert result.finding_counts["invisible_character"] > 2 * MOST_LISTED


def test_layout_is_told_once_and_is_no_disguise(detector):
    result = detector.detect(LONG.replace(",", " ,").replace(".", " ."))
    assert result.score == detector.detect(LONG).score
    assert result.score_as_given is None
    assert [finding.kind for finding in result.findings] == ["spacing"]
    assert "spaces before punctuation" in result.findings[0].detail


def test_markdown_and_the_plain_text_have_the_same_score(detector):
    first, rest = LONG.split(". ", 1)
    written = f"**{first}**. {rest}\n\n```\nprint(1)\n```\n"
    plain, marked = detector.detect(LONG), detector.detect(written)
    assert marked.score == plain.score
    assert marked.warnings[0].startswith("The text was read as Markdown")
    assert [finding.kind for finding in marked.findings] == ["code"]
    assert not any(set(written[a:b]) & set("*`") for a, b in marked.evidence.spans)


def test_the_english_part_alone_is_judged(detector):
    german = (
        "Der alte Mann ging langsam zum Hafen, und die Boote waren fort. Er hatte sie am Morgen noch alle gezählt. " * 2
    )
    plain = detector.detect(f"{LONG}\n\n{LONG}")
    mixed = detector.detect(text := f"{LONG}\n\n{german}\n\n{LONG}")
    assert mixed.score == plain.score
    assert mixed.verdict == plain.verdict
    (left_out,) = mixed.findings
    assert text[left_out.start_char : left_out.end_char] == german.strip()
    assert "in German were left out: the verdict is on the English part alone" in mixed.warnings[0]
    for segment in mixed.segments:
        assert segment.end_char <= left_out.start_char or segment.start_char >= left_out.end_char
    assert sum(segment.evidence_nats for segment in mixed.segments) == pytest.approx(
        sum(segment.evidence_nats for segment in plain.segments)
    )
    assert mixed.share_undecided >= len(german.split()) / len(text.split())


def test_a_report_shows_the_scores_of_a_text_in_another_language(detector):
    german = "Der alte Mann ging langsam zum Hafen, und die Boote waren fort. Er hatte sie am Morgen noch gezählt. " * 3
    assert detector.detect(german).evidence is None
    shown = detector.with_alternatives(2).detect(german)
    assert (shown.verdict, shown.reason, shown.language, shown.score) == (
        "unscored",
        "unsupported_language",
        "de",
        None,
    )
    assert len(shown.evidence.scores) > 50
    assert not shown.evidence.token_evidence.any()
    assert "German" in shown.to_html()
