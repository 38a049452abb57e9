"""What a calibration file must be: a check for each of its fields, in one table, and what fields say of each other.

Such a file may come from a stranger. Whatever it holds, it is either a calibration whose numbers mean what they should,
or refused in a sentence: no wrong type, no NaN, no references out of order, nothing that calls every text one thing. It
is no proof against somebody who makes a file that is wrong and fits together.
"""

import math
from itertools import pairwise
from typing import Any

from detector.records.checks import Check, list_of, mapping, number, one_of, or_null, record, text, whole, wrong
from detector.verdict.features import (
    FEATURE_NAMES,
    N_EDIT_OUTPUTS,
    N_EDIT_UNITS,
    REGISTER_SIZE,
)
from detector.verdict.register import WIDEST as WIDEST_COORDINATE

READABLE = (3, 4)
"""Format 3 knows neither probe, registers nor number formats; all of these may be absent."""
WIDEST = 8.0
"""Standard deviations at which a scaled feature is clipped."""

_NUMBERS = list_of(number())
_SCALES = number(least=1e-9)
_SCORES = list_of(number(), is_rising=True)
_EVIDENCE = list_of(number(least=0), is_rising=True)
_COORDINATES = list_of(number(), REGISTER_SIZE)
_BITS = number(least=0)
_WEIGHT = number(-1000, 1000)

REGISTER_FIELDS: dict[str, Check] = {
    "means": _COORDINATES,
    "scales": list_of(_SCALES, REGISTER_SIZE),
    "expected_weights": _COORDINATES,
    "expected_intercept": number(),
    "spread_weights": _COORDINATES,
    "spread_intercept": number(),
    "spread_limits": list_of(number(-20, 20), 2, is_rising=True),
    "centres": list_of(_COORDINATES),
    "is_second": one_of((False,)),
}
_REGISTER = record(REGISTER_FIELDS, optional=["centres", "is_second"])
_SECOND_REGISTER = record({**REGISTER_FIELDS, "is_second": one_of((True,)), "centres": list_of(_COORDINATES, 0)})
RAW_MODEL_FIELDS: dict[str, Check] = {"register": _REGISTER, "handicap": number()}
KIND_FIELDS: dict[str, Check] = {
    "human_scores": _SCORES,
    "human_strongest": _EVIDENCE,
    "human_mixture": _SCORES,
}
BUCKET_FIELDS: dict[str, Check] = {
    "least_tokens": whole(least=1),
    "human_scores": _SCORES,
    "machine_scores": _SCORES,
    "human_strongest": _EVIDENCE,
    "machine_strongest": _EVIDENCE,
    "human_mixture": _SCORES,
    "machine_contrast": _SCORES,
    "human_distances": _EVIDENCE,
    "human_standings": list_of(_SCORES),
}
_OPTIONAL_OF_BUCKETS = ("human_mixture", "machine_contrast", "human_distances", "human_standings")
LEVEL_FIELDS: dict[str, Check] = {
    "human": number(-1000, 1000),
    "machine": number(-1000, 1000),
    "sentence_spread": _SCALES,
    "token_spread": _SCALES,
    "text_spread": _SCALES,
}
NEIGHBOUR_FIELDS: dict[str, Check] = {
    "points": list_of(list_of(number())),
    "scores": _NUMBERS,
    "nth": whole(least=1),
    "farthest": _SCALES,
    "sizes": list_of(whole(least=1), is_rising=True),
}
EXTENT_FIELDS: dict[str, Check] = {
    "weights": list_of(list_of(number(-1000, 1000), N_EDIT_UNITS), N_EDIT_OUTPUTS),
    "half_width": number(0, 1),
}
EVIDENCE_FIELDS: dict[str, Check] = {
    "voice_ratio": _WEIGHT,
    "lexical": _WEIGHT,
    "typicality": _WEIGHT,
    "token": _WEIGHT,
    "border_penalty": number(least=0),
    "probe": _WEIGHT,
    "register": or_null(_REGISTER),
    "levels": or_null(record(LEVEL_FIELDS)),
}
CLASSIFIER_FIELDS: dict[str, Check] = {
    "schema_version": one_of(READABLE),
    "feature_names": list_of(text, is_distinct=True),
    "means": _NUMBERS,
    "scales": list_of(_SCALES),
    "coefficients": _NUMBERS,
    "intercept": number(),
    "ranges": mapping(text, list_of(number(), 2, is_rising=True)),
    "probability_slope": number(least=1e-9),
    "probability_intercept": number(),
    "buckets": list_of(record(BUCKET_FIELDS, optional=_OPTIONAL_OF_BUCKETS)),
    "most_tokens": whole(least=1),
    "human_sentence_bits": list_of(_BITS, 0, 3, is_rising=True),
    "machine_sentence_bits": list_of(_BITS, 0, 3, is_rising=True),
    "evidence": record(EVIDENCE_FIELDS, optional=["probe", "register", "levels"]),
    "model_name": text,
    "model_fingerprint": text,
    "voices_fingerprint": or_null(text),
    "lexical_fingerprint": or_null(text),
    "probe_fingerprint": or_null(text),
    "parts_fingerprint": or_null(text),
    "extent": or_null(record(EXTENT_FIELDS)),
    "neighbours": or_null(record(NEIGHBOUR_FIELDS)),
    "source_distances": mapping(text, _BITS),
    "number_formats": mapping(one_of(("float32", "bfloat16", "float16")), text),
    "data": mapping(text, mapping(one_of(("human", "machine")), mapping(text, whole()))),
    "seen": list_of(text),
    "register": or_null(_REGISTER),
    "second_register": or_null(_SECOND_REGISTER),
    "raw_models": or_null(record(RAW_MODEL_FIELDS)),
    "kinds": list_of(record(KIND_FIELDS, optional=["human_mixture"])),
}
_OF_LATER_FORMATS = (
    "register", "second_register", "raw_models", "kinds", "number_formats", "probe_fingerprint",
    "machine_sentence_bits", "parts_fingerprint", "extent", "neighbours", "source_distances",
)  # fmt: skip


_OF_PARTS = {"human": "human_mixture", "machine": "machine_contrast"}


def check_calibration(found: Any) -> None:
    """Raise ``ValueError``, half a sentence, unless ``found`` is a calibration as JSON holds it."""
    record(CLASSIFIER_FIELDS, optional=[*_OF_LATER_FORMATS, "seen"])(found, "")
    for check in (_check_features, _check_references, _check_kinds, _check_neighbours, _check_formats, _check_reach):
        check(found)


def _check_features(found: dict[str, Any]) -> None:
    n = len(found["feature_names"])
    if unknown := sorted({*found["feature_names"], *found["ranges"]} - set(FEATURE_NAMES)):
        raise ValueError(f"it needs features this version does not compute ({', '.join(unknown[:5])})")
    for name in ("means", "scales", "coefficients"):
        if len(found[name]) != n:
            raise wrong(found[name], name, f"a list of {n}, as many as there are feature_names")
    for name, mean, scale in zip(found["feature_names"], found["means"], found["scales"], strict=True):
        low, high = found["ranges"].get(name, (mean, mean))
        if not low - WIDEST * scale <= mean <= high + WIDEST * scale:
            raise ValueError(f"the mean of {name} is {mean:g}, and texts were seen from {low:g} to {high:g}")


def _check_references(found: dict[str, Any]) -> None:
    least = [bucket["least_tokens"] for bucket in found["buckets"]]
    if any(before >= after for before, after in pairwise(least)):
        raise ValueError("buckets are not in rising order of least_tokens")
    for place, group in _groups(found):
        for label in ("human", "machine"):
            scores, strongest = (group.get(f"{label}_{what}", []) for what in ("scores", "strongest"))
            measured = group.get(_OF_PARTS[label], [])
            # Parts are measured of some of the references alone where they have a measure of their own.
            has_scores = f"{label}_scores" in group
            fewest = len(measured) if measured or not has_scores else len(scores)
            if not fewest <= len(strongest) <= len(scores):
                raise wrong(strongest, f"{place}.{label}_strongest", f"a list of {fewest}, one for each text measured")


def _check_kinds(found: dict[str, Any]) -> None:
    register, kinds = found.get("register"), found.get("kinds", [])
    centres = 0 if register is None else len(register.get("centres", []))
    if len(kinds) not in (0, centres):
        raise wrong(kinds, "kinds", f"a list of {centres}, one for each of register.centres")
    for name in ("second_register", "raw_models", "neighbours"):
        if found.get(name) is not None and register is None:
            raise ValueError(f"{name} is given and register is not; one needs the other")


def _check_neighbours(found: dict[str, Any]) -> None:
    """Points, sizes and standings fit together, and kinds are told apart too."""
    neighbours = found.get("neighbours")
    sizes = [] if neighbours is None else neighbours["sizes"]
    for i, bucket in enumerate(found["buckets"]):
        standings, place = bucket.get("human_standings", []), f"buckets[{i}].human_standings"
        if standings and neighbours is None:
            raise ValueError(f"{place} is given and neighbours are not; one needs the other")
        if len(standings) != len(sizes):
            raise wrong(standings, place, f"a list of {len(sizes)}, one for each of neighbours.sizes")
        for j, of_size in enumerate(standings):
            if len(of_size) != (n := len(bucket["human_scores"])):
                raise wrong(of_size, f"{place}[{j}]", f"a list of {n}, one for each of human_scores")
    if neighbours is None:
        return
    points = neighbours["points"]
    size = REGISTER_SIZE * (1 + (found.get("second_register") is not None))
    for i, point in enumerate(points):
        if len(point) != size:
            raise wrong(
                point, f"neighbours.points[{i}]", f"a list of {size}, as many as the registers have coordinates"
            )
    if len(neighbours["scores"]) != len(points):
        raise wrong(neighbours["scores"], "neighbours.scores", f"a list of {len(points)}, one a point")
    if neighbours["nth"] > len(points):
        raise wrong(neighbours["nth"], "neighbours.nth", f"at most {len(points)}, as many as points")
    if not found.get("kinds"):
        raise ValueError("neighbours are given and kinds are not; one needs the other")
    if not sizes:
        raise wrong(sizes, "neighbours.sizes", "a list of at least one")


def _check_formats(found: dict[str, Any]) -> None:
    formats = found.get("number_formats", {})
    if formats and found["model_fingerprint"] not in formats.values():
        raise ValueError("model_fingerprint is none of those in number_formats")


def _check_reach(found: dict[str, Any]) -> None:
    """A classifier whose every score is above all human references, or below all machine ones, tells nothing apart."""
    low, high = reach(found)
    for place, group in _groups(found):
        human, machine = group["human_scores"], group.get("machine_scores", [])
        if human and low > human[-1]:
            raise ValueError(f"no text could score below {low:.3g}, and {place}.human_scores end at {human[-1]:g}")
        if machine and high < machine[0]:
            raise ValueError(
                f"no text could score above {high:.3g}, and {place}.machine_scores begin at {machine[0]:g}"
            )


def reach(found: dict[str, Any]) -> tuple[float, float]:
    """Bounds of the score: scaled features are clipped, and so are the coordinates of the registers."""
    widest = WIDEST * sum(map(abs, found["coefficients"]))
    low, high = found["intercept"] - widest, found["intercept"] + widest
    bounds = [
        _relative_reach(low, high, register)
        for name in ("register", "second_register")
        if (register := found.get(name)) is not None
    ]
    if bounds:  # of two registers the smaller score counts
        low, high = (min(ends) for ends in zip(*bounds, strict=True))
    return low, math.inf if found.get("raw_models") is not None else high


def _relative_reach(low: float, high: float, register: dict[str, Any]) -> tuple[float, float]:
    moved = WIDEST_COORDINATE * sum(map(abs, register["expected_weights"]))
    low -= register["expected_intercept"] + moved
    high -= register["expected_intercept"] - moved
    spreads = [math.exp(limit) for limit in register["spread_limits"]]
    return min(low / spread for spread in spreads), max(high / spread for spread in spreads)


def _groups(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every group of references, and where it stands."""
    return [
        *((f"buckets[{i}]", bucket) for i, bucket in enumerate(found["buckets"])),
        *((f"kinds[{i}]", kind) for i, kind in enumerate(found.get("kinds", []))),
    ]
