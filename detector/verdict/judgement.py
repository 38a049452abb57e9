"""The decision: from what was measured of a text to a score, p-values and a verdict. Pure, and the only one there is.

What judges a text as it comes and what judges the rows of a feature table both end here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.records.verdicts import Verdict
from detector.verdict.classifier import Classifier
from detector.verdict.features import Series, feature_vector
from detector.verdict.rules import PValues, decide
from detector.verdict.segments import EvidenceWeights, Part, divide, sentence_sums, strongest

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """What a verdict is made of."""

    n_tokens: int
    features: Floats
    """(len(FEATURE_NAMES),)"""
    strongest_machine: float
    """Evidence of the strongest machine part, nats; 0 if there is none."""
    strongest_human: float
    """Evidence of the strongest human part, taken positive; 0 if there is none."""


@dataclass(frozen=True)
class Judgement:
    """What is concluded."""

    verdict: Verdict
    score: float
    p: PValues
    kind: int | None
    """Of text, as the classifier tells them apart; None where it does not."""


def division(weights: EvidenceWeights, series: Series) -> tuple[Floats, list[Part]]:
    """Evidence of each token in nats, (n,), and the parts of the text that it makes."""
    evidence = weights.of(series)
    return evidence, divide(sentence_sums(evidence, series.sentence), weights.border_penalty)


def measure(series: Series, parts: list[Part]) -> Measured:
    """The numbers of a text that has been divided."""
    return Measured(len(series), feature_vector(series), *strongest(parts))


def judge(classifier: Classifier, measured: Measured, target_fpr: float) -> Judgement:
    """The verdict on a text whose features the classifier can use.

    It has parts of both kinds exactly where both of its strongest parts have evidence.
    """
    n = measured.n_tokens
    score, kind = classifier.score(measured.features), classifier.kind_of(measured.features)
    p = PValues(
        machine=classifier.p_value(score, n, kind),
        human=classifier.human_p_value(score, n),
        machine_part=classifier.machine_part_p_value(measured.strongest_machine, n, kind),
        human_part=classifier.human_part_p_value(measured.strongest_human, n),
        is_divided=measured.strongest_machine > 0 and measured.strongest_human > 0,
    )
    return Judgement(decide(p, target_fpr), score, p, kind)
