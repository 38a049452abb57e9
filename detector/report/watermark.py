"""The result of a watermark test, in words and as a record."""

import math
from typing import Any

from detector.watermark.green_list import PUBLISHED_KEY, GreenList, GreenListResult
from detector.watermark.significance import STRONG_P, WEAK_P, Significance
from detector.watermark.synthid import SynthIdResult
from detector.watermark.tails import LEAST_SCORED


def explanation_of(test: GreenListResult | SynthIdResult, significance: Significance) -> str:
    """One plain sentence, and how to mend it where there is no statistic."""
    if significance.reason == "empty":
        return "The text is empty. Give a text to test."
    if significance.chance is None:
        return (
            f"Too few tokens: {test.n_scored} can be tested (repeats count once) and at least {LEAST_SCORED} are "
            "needed. Give a longer text."
        )
    if significance.sign == "strong":
        rarity = f"A strong sign of this mark: at most 1 unmarked text in {round(1 / STRONG_P):,}"
    elif significance.sign == "weak":
        rarity = f"A weak sign of this mark: about 1 unmarked text in {round(1 / significance.chance):,}"
    else:
        rarity = f"No sign of this mark: more than 1 unmarked text in {round(1 / WEAK_P):,}"
    likeness = "is as green, in whole or in part," if isinstance(test, GreenListResult) else "leans as far"
    return f"{rarity} {likeness} by chance."


def synthid_record(test: SynthIdResult, significance: Significance) -> dict[str, Any]:
    """For JSON; numbers are null where too little could be scored."""
    numbers = {name: _number(value) if isinstance(value, float) else value for name, value in vars(test).items()}
    return {"schema_version": 1, "scheme": "synthid", **numbers, **_conclusion(test, significance)}


def synthid_lines(test: SynthIdResult) -> list[str]:
    """The numbers for a person, of a text that could be tested."""
    return [
        f"positions      {test.n_scored} with a new context",
        f"mean           {test.mean:.4f}, 0.5 without a mark; p-value {test.mean_p_value:.2g}",
        f"weighted mean  {test.weighted_mean:.4f}, 0.5 without a mark; p-value {test.weighted_mean_p_value:.2g}",
    ]


def green_list_record(
    test: GreenListResult, watermark: GreenList, spans: list[tuple[int, int]], significance: Significance
) -> dict[str, Any]:
    """For JSON; ``spans`` are the characters of the tokens. Numbers are null where too little could be scored."""
    window = None
    if test.window is not None:
        window = {"start_char": spans[test.window[0]][0], "end_char": spans[test.window[1] - 1][1]}
    return {
        "schema_version": 1,
        "scheme": watermark.scheme,
        "gamma": watermark.gamma,
        "n_scored": test.n_scored,
        "n_green": test.n_green,
        "z": _number(test.z),
        "p_value": _number(test.p_value),
        "window_p_value": _number(test.window_p_value),
        "window": window,
        **_conclusion(test, significance),
    }


def green_list_lines(test: GreenListResult, watermark: GreenList) -> list[str]:
    """The numbers for a person, of a text that could be tested."""
    lines = [
        f"green tokens      {test.n_green} of {test.n_scored} ({test.n_green / test.n_scored:.0%})",
        f"without a mark    {watermark.gamma:.0%} expected, so z = {test.z:.1f}",
        f"p-value           {test.p_value:.2g}: that share of unmarked texts is at least as green",
        f"greenest stretch  p-value {test.window_p_value:.2g}, corrected for the stretches tried",
    ]
    if watermark.key == PUBLISHED_KEY:
        lines.append("The key is the published default, which anyone can mark a text with, or unmark it.")
    return lines


def _conclusion(test: GreenListResult | SynthIdResult, significance: Significance) -> dict[str, Any]:
    return {
        "reason": significance.reason,
        "sign": significance.sign,
        "explanation": explanation_of(test, significance),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
