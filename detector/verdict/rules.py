"""From p-values to a verdict and the sentence that says it.

- machine: at most the target share of human texts of like length look as machine-like;
- mixed: the text is divided, at most a quarter of the target of human texts are as machine-like and as divided together
  (score and contrast of the parts added up; where a calibration does not know contrasts, so machine-like in their
  strongest part), and at most ``HUMAN_TARGET`` of machine texts are as divided. Machine and mixed are both accusations;
  together they hold at most 1.25 times the target by theory, and less in fact, since the two go together;
- human: at most ``HUMAN_TARGET`` of machine texts look as human, more than ``PLAINLY_HUMAN`` of human texts look as
  machine-like, and the text is not divided as at most ``PART_TARGET`` of human texts are: a text that is in part a
  machine's should not pass as human;
- inconclusive: anything else.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from detector.records.verdicts import Verdict
from detector.verdict.classifier import LENGTH_LIMITS, Classifier

HUMAN_TARGET = 0.05
"""A text is called human only if at most this share of machine texts looks as human as it does."""
PLAINLY_HUMAN = 0.3
"""A text is not called human if at most this share of human texts like it look as machine-like, in any comparison. It
keeps back a quarter of the machine texts of the dev sets that smollm2 would call human, and a twenty-fifth of the human
ones."""
PART_TARGET = 0.15
"""A text is not called human if at most this share of human texts is as divided and machine-like together. Chosen on
mixed texts that calibrate (called human: 19 % at 0.05, 12 % at 0.15); it makes a twelfth of the verdicts ``human`` on
texts by one person inconclusive."""
MIXED_SHARE_OF_TARGET = 0.25
TOKENS_PER_WORD = 1.35


@dataclass(frozen=True)
class PValues:
    """Of a whole text and of the strongest parts of its division."""

    machine: float
    human: float
    machine_part: float = 1.0
    human_part: float = 1.0
    is_divided: bool = False
    """Whether the division found parts of both kinds."""

    @property
    def one_author(self) -> float:
        """Share of texts by one author, people or machines whichever is larger, that look as divided."""
        return max(self.machine_part, self.human_part) if self.is_divided else 1.0


def decide(p: PValues, target_fpr: float) -> Verdict:
    """The verdict on a text that can be judged."""
    both = p.is_divided and p.human_part <= HUMAN_TARGET
    if both and p.machine_part <= (target_fpr if p.machine <= target_fpr else MIXED_SHARE_OF_TARGET * target_fpr):
        return "mixed"
    if p.machine <= target_fpr:
        return "machine"
    is_plain = p.machine > PLAINLY_HUMAN and not _has_a_part_that_stands_out(p)
    return "human" if p.human <= HUMAN_TARGET and is_plain else "inconclusive"


LABEL_NATS = math.log(20)
"""Evidence from which a part of a mixed text is said to be one author's: twenty to one, given that there are two."""


def follows(verdict: Verdict, leans_to: str, evidence_nats: float) -> bool:
    """Whether the verdict on the text says of a part that leans so whose it is: no further promise is spent on it."""
    if verdict == "mixed":
        return abs(evidence_nats) >= LABEL_NATS
    return verdict == leans_to


def _has_a_part_that_stands_out(p: PValues) -> bool:
    return p.is_divided and p.machine_part <= PART_TARGET


def words_that_would_decide(
    classifier: Classifier,
    score: float,
    n_tokens: int,
    target_fpr: float,
    kind: int | None = None,
    standings: Sequence[float] = (),
) -> int | None:
    """How many more words of the same kind would probably decide it; None where no length would.

    The score of a longer text is taken to be the same; what changes is how far texts of that length scatter.
    """
    for least in LENGTH_LIMITS:
        if least > n_tokens:
            machine, human = classifier.p_value(score, least, kind, standings), classifier.human_p_value(score, least)
            if decide(PValues(machine, human), target_fpr) != "inconclusive":
                return max(1, round((least - n_tokens) / TOKENS_PER_WORD))
    return None


def explain(
    verdict: Verdict,
    p: PValues,
    more_words: int | None,
    knows_kinds: bool = False,
    knows_mixtures: bool = False,
) -> str:
    """The verdict in a sentence or two.

    ``knows_kinds`` where it is compared with the human texts most like it as well; ``knows_mixtures`` where how divided
    it is is compared with texts by one author, and not its strongest parts alone.
    """
    humans = "human texts like it" if knows_kinds else "human texts of this length"
    share = f"{_share(p.machine)} of {humans} look at least as machine-like"
    if verdict == "mixed" and knows_mixtures:
        return (
            "Parts of it read like machine text and parts like human text: "
            f"{_share(p.one_author)} of texts by one author look as divided into parts of two kinds."
        )
    if verdict == "mixed":
        return (
            f"Parts of it read like machine text and parts like human text: {_share(p.machine_part)} of {humans} have "
            f"so machine-like a part, and {_share(p.human_part)} of machine texts so human a one."
        )
    if verdict == "machine":
        return f"It reads like machine text: {share}."
    if verdict == "human":
        return f"It reads like human text: {_share(p.human)} of machine texts of this length look at least as human."
    if p.human <= HUMAN_TARGET and p.machine > PLAINLY_HUMAN:
        return (
            f"Most of it reads like human text, but not all: {_share(p.machine_part)} of {humans} "
            "have so machine-like a part as it has. Look at that part, and judge it by itself if it is long enough."
        )
    advice = (
        "A longer text of the same kind would hardly decide it."
        if more_words is None
        else f"About {more_words} more words of the same kind would probably decide it."
    )
    if p.human <= HUMAN_TARGET:
        return (
            f"It looks more human than most machine text, and more machine-like than most human text: {share}. {advice}"
        )
    return f"The evidence does not decide it: {share}. {advice}"


def _share(p_value: float) -> str:
    """A share of reference texts in words that never say "none": no finite number of texts can show that.

    >>> _share(0.0004), _share(0.012), _share(0.3)
    ('fewer than 0.1%', 'only 1.2%', '30.0%')
    """
    if p_value < 0.0005:
        return "fewer than 0.1%"
    return f"only {p_value:.1%}" if p_value <= HUMAN_TARGET else f"{p_value:.1%}"
