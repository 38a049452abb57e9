"""A text against the same writer's earlier ones: how far it stands from them.

That is asked as how far each earlier text stands from the rest.

All texts are cut to the same number of tokens. With the features of ``features``, scaled as the classifier
scales them, the distance of a text from the others is
    d = mean over features of (x - mean of the others)^2 / (variance of the others, shrunk towards 1).
The p-value is the share of all texts, the new one counted in, whose distance from the rest is at least
as great (full conformal prediction, Vovk et al. 2005): whatever the distances are like, a text by the
same writer on a like occasion gets p <= a with probability at most a.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.documents.selection import select
from detector.documents.sentences import sentence_spans
from detector.errors import InputError
from detector.records.baseline import Baseline
from detector.records.result import Result
from detector.records.token_scores import TokenScores, beginning_of
from detector.scoring.engine import score_texts
from detector.verdict.detector import Detector
from detector.verdict.features import feature_vector, series_of

LEAST_TOKENS = 100
"""Shortest text that can be compared."""
FEWEST_EARLIER = 5
FEWEST_FOR_5_PERCENT = 19
_PRIOR_TEXTS = 5
"""Weight of the fitted texts' variance against that of the writer's own, in texts."""
_MOST_NAMED = 5

Floats = NDArray[np.float64]


class WriterBaseline:
    """A writer's earlier texts, each scored once, however many new ones are compared with them.

    Those under ``LEAST_TOKENS`` tokens are left out.
    """

    def __init__(self, detector: Detector, earlier: Sequence[str]) -> None:
        folded = [select(one).folded().text for one in earlier]
        probe = detector.probe_model.probe if detector.probe_model else None
        scored = score_texts(detector.language_model, folded, voices=detector.voices, probe=probe)
        self._detector = detector
        self._n_given = len(folded)
        self._earlier = [
            (one, scores) for one, scores in zip(folded, scored, strict=True) if len(scores) >= LEAST_TOKENS
        ]

    def compare(self, result: Result) -> Baseline:
        """A judged text against the earlier ones, from the scores it was judged by.

        Raises ``InputError`` when the text has no scores or too few, or no earlier one is long enough.
        """
        if result.evidence is None or len(result.evidence.scores) < LEAST_TOKENS:
            raise InputError(
                f"The text has {result.n_tokens or 0} tokens, and a comparison with earlier texts needs {LEAST_TOKENS}."
            )
        if not self._earlier:
            raise InputError(
                f"None of the {self._n_given} earlier texts has the {LEAST_TOKENS} tokens a comparison needs."
            )
        judged = select(result.evidence.text, result.path or result.id).folded().text
        kept = [(judged, result.evidence.scores), *self._earlier]
        n_tokens = min(len(scores) for _, scores in kept)
        classifier = self._detector.classifier
        vectors = np.array([_features(self._detector, text, scores, n_tokens) for text, scores in kept])
        used = vectors[:, classifier.columns] / np.asarray(classifier.scales)
        return compare_features(used, classifier.feature_names, n_tokens)


def compare_features(vectors: Floats, names: Sequence[str], n_tokens: int) -> Baseline:
    """The first of the vectors (n + 1, features), in fitted standard deviations, against the other n."""
    n = len(vectors) - 1
    distances = np.array([_distance(vectors[i], np.delete(vectors, i, axis=0)) for i in range(n + 1)])
    p_value = float((distances >= distances[0]).mean()) if n >= FEWEST_EARLIER else None
    z = (vectors[0] - vectors[1:].mean(axis=0)) / np.sqrt(_variances(vectors[1:]))
    order = np.argsort(-np.abs(z))[:_MOST_NAMED]
    return Baseline(
        n_earlier=n,
        n_tokens=n_tokens,
        distance=float(distances[0]),
        typical_distance=float(np.median(distances[1:])),
        p_value=p_value,
        differences=tuple((names[i], float(z[i])) for i in order),
        explanation=_explanation(n, p_value),
    )


def _explanation(n: int, p_value: float | None) -> str:
    if p_value is None:
        return (
            f"{n} earlier text{' is' if n == 1 else 's are'} too few to say whether this one differs: {FEWEST_EARLIER} "
            f"are the least, {FEWEST_FOR_5_PERCENT} are needed to find a difference at 5 %."
        )
    share = f"{p_value:.0%} of this writer's texts, this one among them, differ as much from the rest"
    if n < FEWEST_FOR_5_PERCENT:
        share += (
            f"; {n} earlier texts cannot show a difference rarer than {1 / (n + 1):.0%}, which is too few to build on"
        )
    if p_value <= 0.05:
        verb = "differs from"
    elif n < FEWEST_FOR_5_PERCENT and p_value <= 1 / (n + 1):  # as far off as so few texts can show
        verb = "may differ from"
    else:
        verb = "does not stand out from"
    return f"It {verb} the {n} earlier texts: {share}. A difference has many causes: subject, occasion, help."


def _features(detector: Detector, text: str, scores: TokenScores, n_tokens: int) -> Floats:
    cut = beginning_of(scores, n_tokens)
    start = text[: int(cut.end_char[-1])]
    return feature_vector(series_of(cut, [a for a, _ in sentence_spans(start)], start, detector.lexical_model))


def _variances(others: Floats) -> Floats:
    squares = ((others - others.mean(axis=0)) ** 2).sum(axis=0)
    return (_PRIOR_TEXTS + squares) / (_PRIOR_TEXTS + max(1, len(others) - 1))


def _distance(vector: Floats, others: Floats) -> float:
    return float(((vector - others.mean(axis=0)) ** 2 / _variances(others)).mean())
