from dataclasses import replace

import numpy as np
import pytest

from detector import score_texts
from detector.documents.sentences import sentence_spans
from detector.verdict.explanation import explain_score
from detector.verdict.features import FEATURE_NAMES, N_UNITS, REGISTER_SIZE, feature_vector, series_of
from detector.verdict.lexical import LexicalModel
from tests.conftest import TRAINING_TEXT, make_classifier
from tests.verdict.test_register import a_register, a_second_register


@pytest.fixture(params=[0, 1, 2], ids=["plain", "register", "two registers"])
def explained(request, tiny_with_voices):
    """A text, and a classifier with random coefficients for every feature; with and without kinds of texts."""
    model = tiny_with_voices
    rng = np.random.default_rng(1)
    n = len(FEATURE_NAMES)
    classifier = replace(
        make_classifier(model),
        feature_names=list(FEATURE_NAMES),
        means=rng.normal(size=n).tolist(),
        scales=rng.uniform(0.5, 2, size=n).tolist(),
        coefficients=rng.normal(size=n).tolist(),
        intercept=0.7,
        ranges={},
        voices_fingerprint=model.voices.fingerprint,
        lexical_fingerprint="l",
        probe_fingerprint="p",
        register=a_register() if request.param else None,
        second_register=a_second_register() if request.param == 2 else None,
    )
    weights = LexicalModel(rng.normal(size=512).astype(np.float32), -0.5)
    (scores,) = score_texts(model, [TRAINING_TEXT], voices=model.voices)
    scores = replace(scores, probe=rng.normal(size=(len(scores), 1 + 2 * REGISTER_SIZE + N_UNITS)).astype(np.float32))
    series = series_of(scores, [a for a, _ in sentence_spans(TRAINING_TEXT)], TRAINING_TEXT, weights)
    return classifier, series


def test_features_and_sentences_add_up_to_the_score(explained):
    classifier, series = explained
    found = explain_score(classifier, series)
    score = classifier.score(feature_vector(series))
    assert found.score == pytest.approx(score)
    assert found.intercept + sum(c.contribution for c in found.features) == pytest.approx(score)
    assert found.intercept + found.sentences.sum() + found.whole_text == pytest.approx(score)
    assert sum(found.by_kind().values()) == pytest.approx(score)
    assert set(found.by_kind()) == {"voices", "hidden states", "wording", "predictability", "kind of text", "start"}
    assert len(found.sentences) == len(np.unique(series.sentence))
    sizes = [abs(c.contribution) for c in found.features]
    assert sizes == sorted(sizes, reverse=True)


def test_a_sentence_gets_what_its_tokens_did(explained):
    classifier, series = explained
    one = [0.0] * len(FEATURE_NAMES)
    i = FEATURE_NAMES.index("voice_ratio")
    one[i] = 2.0
    classifier = replace(classifier, coefficients=one)
    found = explain_score(classifier, series)
    tokens = (series.voice_ratio - classifier.means[i]) / classifier.scales[i] * 2.0 / len(series)
    tokens /= classifier.spread(feature_vector(series))
    by_hand = [tokens[series.sentence == s].sum() for s in np.unique(series.sentence)]
    assert found.sentences == pytest.approx(by_hand)
    assert found.whole_text == 0
