"""The trivial detector that every other must beat: a logistic regression over pairs of words.

Lower-cased words without punctuation, single and in pairs, hashed to 2^20 slots, tf-idf free and
length-normalised; fitted on everything that may fit anything here.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.evaluation.labelled_texts import LabelledText

SLOTS = 2**20


def word_pair_scores(fitted_on: Sequence[LabelledText], texts: Sequence[str]) -> NDArray[np.float64]:
    """Scores of ``texts``, higher = more machine-like, shape (len(texts),)."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = HashingVectorizer(
        n_features=SLOTS,
        ngram_range=(1, 2),
        lowercase=True,
        token_pattern=r"[a-z0-9]+",  # noqa: S106 - a pattern of words, no password
        alternate_sign=False,
    )
    model = LogisticRegression(C=30.0, solver="liblinear", class_weight="balanced", random_state=0)
    model.fit(vectorizer.transform([text.text for text in fitted_on]), [text.is_machine for text in fitted_on])
    return model.decision_function(vectorizer.transform(texts))
