"""How strong a sign of its mark a tested text bears: the two p-values of a test weighed as one."""

from dataclasses import dataclass
from typing import Literal

from detector.watermark.green_list import GreenListResult
from detector.watermark.synthid import SynthIdResult
from detector.watermark.tails import LEAST_SCORED

STRONG_P = 1e-4
"""At most this share of unmarked texts is said to bear a strong sign by chance."""
WEAK_P = 1e-2
"""The same for any sign."""


@dataclass(frozen=True)
class Significance:
    """What a test comes to."""

    reason: Literal["empty", "too_short"] | None
    """Why there is no statistic, None where there is one."""
    sign: Literal["none", "weak", "strong"] | None
    """Of the mark that was tested for; None where there is no statistic."""
    chance: float | None
    """Share of unmarked texts that bear as much of a sign; None where there is no statistic."""


def significance_of(test: GreenListResult | SynthIdResult, is_empty: bool) -> Significance:
    """Weigh the two p-values of a test, the smaller of them doubled; ``is_empty``: the text is blank."""
    if is_empty:
        return Significance("empty", None, None)
    if test.n_scored < LEAST_SCORED:
        return Significance("too_short", None, None)
    p_values = (
        (test.p_value, test.window_p_value)
        if isinstance(test, GreenListResult)
        else (test.mean_p_value, test.weighted_mean_p_value)
    )
    chance = min(1.0, 2 * min(p_values))
    sign: Literal["none", "weak", "strong"] = "strong" if chance <= STRONG_P else "weak" if chance <= WEAK_P else "none"
    return Significance(None, sign, chance)
