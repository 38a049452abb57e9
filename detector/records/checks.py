"""What a value out of a JSON file must be, as checks that are put together like the file itself.

A check takes a value and the place where it stands, such as ``buckets[0].human_scores``, and raises ``ValueError``
with half a sentence: the place, the value seen and what is allowed.

>>> check = record({"sizes": list_of(whole(least=1))})
>>> check({"sizes": [3, 0]}, "")
Traceback (most recent call last):
    ...
ValueError: sizes[1] is 0; it must be a whole number from 1 to 1000000000
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from typing import Any

Check = Callable[[Any, str], None]

LARGEST = 1e9
"""No number of such a file is beyond it; sums and products of a few then stay finite."""
_LONGEST_TEXT = 1000
_LONGEST_SHOWN = 40
_SURROGATE = re.compile("[\ud800-\udfff]")


def wrong(value: Any, place: str, allowed: str) -> ValueError:
    """What a check raises."""
    return ValueError(f"{place or 'the file'} is {_shown(value)}; it must be {allowed}")


def number(least: float = -LARGEST, most: float = LARGEST) -> Check:
    """A finite number from ``least`` to ``most``."""

    def check(value: Any, place: str) -> None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:  # false for NaN
            raise wrong(value, place, f"a number from {least:g} to {most:g}")

    return check


def whole(least: int = 0, most: int = int(LARGEST)) -> Check:
    """A whole number from ``least`` to ``most``."""

    def check(value: Any, place: str) -> None:
        if type(value) is not int or not least <= value <= most:
            raise wrong(value, place, f"a whole number from {least} to {most}")

    return check


def text(value: Any, place: str) -> None:
    """A text that is there, not very long, and can be written."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT or _SURROGATE.search(value):
        raise wrong(value, place, f"a text of 1 to {_LONGEST_TEXT} characters")


def one_of(allowed: Collection[Any]) -> Check:
    """One of a few values."""

    def check(value: Any, place: str) -> None:
        if not any(type(value) is type(known) and value == known for known in allowed):
            listed = ", ".join(map(str, allowed))
            raise wrong(value, place, listed if len(listed) < 100 else f"one of {len(allowed)} known names")

    return check


def or_null(inner: Check) -> Check:
    """What ``inner`` allows, or null."""

    def check(value: Any, place: str) -> None:
        if value is not None:
            inner(value, place)

    return check


def list_of(item: Check, *lengths: int, is_rising: bool = False, is_distinct: bool = False) -> Check:
    """A list of one of the ``lengths``, any if none is given; ``is_rising`` where none may be below the one before."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, list):
            raise wrong(value, place, "a list")
        if lengths and len(value) not in lengths:
            raise wrong(value, place, f"a list of {' or '.join(map(str, lengths))}")
        for i, entry in enumerate(value):
            item(entry, f"{place}[{i}]")
        if is_rising and any(before > after for before, after in pairwise(value)):
            raise ValueError(f"{place} is not in rising order")
        if is_distinct and len(set(value)) < len(value):
            raise ValueError(f"{place} holds an entry twice")

    return check


def mapping(key: Check, value: Check) -> Check:
    """An object with any number of names."""

    def check(found: Any, place: str) -> None:
        if not isinstance(found, dict):
            raise wrong(found, place, "an object")
        for name, inner in found.items():
            key(name, f"a name in {place}")
            value(inner, f"{place}.{_cut(name)}")

    return check


def record(fields: Mapping[str, Check], optional: Collection[str] = ()) -> Check:
    """An object with these names and no other; those in ``optional`` may be missing."""

    def check(value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise wrong(value, place, "an object")
        inside = f"{place}." if place else ""
        for name in value:
            if name not in fields:
                raise ValueError(f"{inside}{_cut(name)} is not known to this version")
        for name, inner in fields.items():
            if name in value:
                inner(value[name], f"{inside}{name}")
            elif name not in optional:
                raise ValueError(f"{inside}{name} is missing")

    return check


def _shown(value: Any) -> str:
    """A value in a few characters: how many there are of a list or an object."""
    if isinstance(value, list | dict):
        kind = "a list" if isinstance(value, list) else "an object"
        return f"{kind} of {len(value)}" if value else f"{kind} of none"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) > LARGEST:
        return f"a number of {int(math.log10(abs(value))) + 1} digits"
    return _cut(repr(value))


def _cut(shown: str) -> str:
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
