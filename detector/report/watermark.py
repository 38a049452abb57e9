"""The result of a watermark test, in words and as a record."""

import math
from typing import Any

from detector.watermark.green_list import PUBLISHED_KEY, GreenList, GreenListResult
from detector.watermark.synthid import SynthIdResult


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def synthid_record(found: SynthIdResult) -> dict[str, Any]:
    """For JSON; numbers are null where nothing could be scored."""
    return {"schema_version": 1, "scheme": "synthid"} | {
        name: _number(value) if isinstance(value, float) else value for name, value in vars(found).items()
    }


def print_synthid(found: SynthIdResult) -> None:
    """A few lines for a person."""
    if not found.n_scored:
        print("Nothing to test: the text is shorter than an n-gram.")
        return
    print(f"positions      {found.n_scored} with a new context")
    print(f"mean           {found.mean:.4f}, 0.5 without a mark; p-value {found.mean_p_value:.2g}")
    print(f"weighted mean  {found.weighted_mean:.4f}, 0.5 without a mark; p-value {found.weighted_mean_p_value:.2g}")


def to_record(found: GreenListResult, watermark: GreenList, spans: list[tuple[int, int]]) -> dict[str, Any]:
    """For JSON; ``spans`` are the characters of the tokens. Numbers are null where nothing could be scored."""
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
    }


def print_result(found: GreenListResult, watermark: GreenList) -> None:
    """A few lines for a person."""
    if not found.n_scored:
        print(f"Nothing to test: {watermark.ngram_length} tokens are the least, and more than 25 are of use.")
        return
    print(f"green tokens      {found.n_green} of {found.n_scored} ({found.n_green / found.n_scored:.0%})")
    print(f"without a mark    {watermark.gamma:.0%} expected, so z = {found.z:.1f}")
    print(f"p-value           {found.p_value:.2g}: that share of unmarked texts is at least as green")
    print(f"greenest stretch  p-value {found.window_p_value:.2g}, corrected for the stretches tried")
    if watermark.key == PUBLISHED_KEY:
        print("The key is the published default, which anyone can mark a text with, or unmark it.")
