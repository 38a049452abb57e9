"""The result of a watermark test, in words and as a record."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from detector.watermark.green_list import PUBLISHED_KEY, GreenList, GreenListResult
from detector.watermark.synthid import SynthIdResult
from detector.watermark.tails import LEAST_SCORED

STRONG_P = 1e-4
"""At most this share of unmarked texts is said to bear a strong sign by chance."""
WEAK_P = 1e-2
"""The same for any sign."""


@dataclass(frozen=True)
class Conclusion:
    """What the test comes to."""

    reason: Literal["empty", "too_short"] | None
    """Why there is no statistic, None where there is one."""
    sign: Literal["none", "weak", "strong"] | None
    """Of the mark that was tested for; None where there is no statistic."""
    explanation: str
    """One plain sentence, and how to mend it where there is no statistic."""


def conclude(found: GreenListResult | SynthIdResult, is_empty: bool) -> Conclusion:
    """Weigh the two p-values of a test, the smaller of them doubled; ``is_empty``: the text is blank."""
    if is_empty:
        return Conclusion("empty", None, "The text is empty. Give a text to test.")
    if found.n_scored < LEAST_SCORED:
        return Conclusion(
            "too_short",
            None,
            f"Too few tokens: {found.n_scored} can be tested (repeats count once) and at least {LEAST_SCORED} are "
            "needed. Give a longer text.",
        )
    if isinstance(found, GreenListResult):
        smaller, likeness = min(found.p_value, found.window_p_value), "is as green, in whole or in part,"
    else:
        smaller, likeness = min(found.mean_p_value, found.weighted_mean_p_value), "leans as far"
    chance = min(1.0, 2 * smaller)
    if chance <= STRONG_P:
        rarity = f"at most 1 unmarked text in {round(1 / STRONG_P):,}"
        return Conclusion(None, "strong", f"A strong sign of this mark: {rarity} {likeness} by chance.")
    if chance <= WEAK_P:
        rarity = f"about 1 unmarked text in {round(1 / chance):,}"
        return Conclusion(None, "weak", f"A weak sign of this mark: {rarity} {likeness} by chance.")
    rarity = f"more than 1 unmarked text in {round(1 / WEAK_P):,}"
    return Conclusion(None, "none", f"No sign of this mark: {rarity} {likeness} by chance.")


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def synthid_record(found: SynthIdResult, conclusion: Conclusion) -> dict[str, Any]:
    """For JSON; numbers are null where too little could be scored."""
    numbers = {name: _number(value) if isinstance(value, float) else value for name, value in vars(found).items()}
    return {"schema_version": 1, "scheme": "synthid", **numbers, **vars(conclusion)}


def synthid_lines(found: SynthIdResult) -> list[str]:
    """The numbers for a person, of a text that could be tested."""
    return [
        f"positions      {found.n_scored} with a new context",
        f"mean           {found.mean:.4f}, 0.5 without a mark; p-value {found.mean_p_value:.2g}",
        f"weighted mean  {found.weighted_mean:.4f}, 0.5 without a mark; p-value {found.weighted_mean_p_value:.2g}",
    ]


def green_list_record(
    found: GreenListResult, watermark: GreenList, spans: list[tuple[int, int]], conclusion: Conclusion
) -> dict[str, Any]:
    """For JSON; ``spans`` are the characters of the tokens. Numbers are null where too little could be scored."""
    window = None
    if found.window is not None:
        window = {"start_char": spans[found.window[0]][0], "end_char": spans[found.window[1] - 1][1]}
    return {
        "schema_version": 1,
        "scheme": watermark.scheme,
        "gamma": watermark.gamma,
        "n_scored": found.n_scored,
        "n_green": found.n_green,
        "z": _number(found.z),
        "p_value": _number(found.p_value),
        "window_p_value": _number(found.window_p_value),
        "window": window,
        **vars(conclusion),
    }


def green_list_lines(found: GreenListResult, watermark: GreenList) -> list[str]:
    """The numbers for a person, of a text that could be tested."""
    lines = [
        f"green tokens      {found.n_green} of {found.n_scored} ({found.n_green / found.n_scored:.0%})",
        f"without a mark    {watermark.gamma:.0%} expected, so z = {found.z:.1f}",
        f"p-value           {found.p_value:.2g}: that share of unmarked texts is at least as green",
        f"greenest stretch  p-value {found.window_p_value:.2g}, corrected for the stretches tried",
    ]
    if watermark.key == PUBLISHED_KEY:
        lines.append("The key is the published default, which anyone can mark a text with, or unmark it.")
    return lines
