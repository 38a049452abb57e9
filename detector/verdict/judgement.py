"""The decision: from what was measured of a text to a score, p-values and a verdict. Pure, and the only one there is.

What judges a text as it comes and what judges the rows of a feature table both end here.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.records.verdicts import Verdict
from detector.verdict.classifier import Classifier
from detector.verdict.clause_borders import begin_tokens
from detector.verdict.features import Series, feature_vector
from detector.verdict.rules import PValues, decide
from detector.verdict.segments import EvidenceWeights, Part, contrast, divide, sentence_sums, strongest

Floats = NDArray[np.float64]


KIND = "kind"
"""Stands among what is unlike the references for the kind of text as a whole."""


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
    contrast: float = math.nan
    """Of its parts (``segments.contrast``); NaN where it was not measured."""


@dataclass(frozen=True)
class Judgement:
    """What is concluded."""

    verdict: Verdict
    score: float
    p: PValues
    kind: int | None
    """Of text, as the classifier tells them apart; None where it does not."""
    standings: tuple[float, ...] = ()
    """How high the score is over those of the references nearest to the text; none where these are not known."""
    unlike: tuple[str, ...] = ()
    """Features outside what the references showed, or ``KIND`` where its kind is unknown; the verdict is unscored."""


@dataclass(frozen=True, eq=False)
class Division:
    """Where in a text the evidence lies."""

    evidence: Floats
    """Nats of each token that speak for a machine, (n,)."""
    sums: Floats
    """The same of each sentence that has tokens."""
    parts: list[Part]
    """By one kind of author each; they count the sentences of ``sums``."""
    contrast: float
    """Between parts of either kind."""
    begin_tokens: list[int]
    """With which token each part begins: that of its first sentence, or of a clause beside it."""


def division(weights: EvidenceWeights, series: Series, clauses: NDArray[np.int64] | None = None) -> Division:
    """Evidence of each token, and the parts of the text that it makes.

    ``clauses`` are the tokens with which clauses begin, at which a part may begin too; without them none does.
    """
    evidence = weights.of(series)
    sums = sentence_sums(evidence, series.sentence)
    parts = divide(sums, weights.border_penalty)
    tried = np.zeros(0, dtype=np.int64) if clauses is None else clauses
    begins = begin_tokens(parts, evidence, series.sentence, tried)
    return Division(evidence, sums, parts, contrast(weights.plain(series), series.sentence, parts), begins)


def measure(series: Series, divided: Division) -> Measured:
    """The numbers of a text that has been divided."""
    return Measured(len(series), feature_vector(series), *strongest(divided.parts), divided.contrast)


def judge(classifier: Classifier, measured: Measured, target_fpr: float) -> Judgement:
    """The verdict on a text whose features the classifier can use; unscored if none is like it among the references.

    It has parts of both kinds exactly where both of its strongest parts have evidence.
    """
    n = measured.n_tokens
    score, kind = classifier.score(measured.features), classifier.kind_of(measured.features)
    standings = classifier.standings(score, measured.features)
    p = PValues(
        machine=classifier.p_value(score, n, kind, standings),
        human=classifier.human_p_value(score, n),
        machine_part=classifier.mixture_p_value(measured.contrast, score, n, kind)
        if classifier.knows_mixtures
        else classifier.machine_part_p_value(measured.strongest_machine, n, kind),
        human_part=classifier.one_machine_p_value(measured.contrast, n)
        if classifier.knows_mixtures
        else classifier.human_part_p_value(measured.strongest_human, n),
        is_divided=measured.strongest_machine > 0 and measured.strongest_human > 0,
    )
    unlike = classifier.out_of_range(measured.features)
    if classifier.distance_ratio(measured.features) > 1:
        unlike.append(KIND)
    return Judgement("unscored" if unlike else decide(p, target_fpr), score, p, kind, standings, tuple(unlike))
