"""The published statistics as a table or as records: the registered ones, DivEye's features, the watermark tests."""

from collections.abc import Iterator

from detector.methods import METHODS, REQUIREMENTS
from detector.methods.diveye import FEATURES

_NEEDS = {
    "": "one pass",
    "top_k": "one pass with top_k=10",
    "samples": "one pass with samples=100",
    "pair": "two models (score_pairs)",
    "perturbations": "perturbed copies (score_perturbed)",
    "regenerations": "other endings (regenerate)",
}
_WATERMARK_TESTS = {
    "green_list_z": (
        "standard deviations",
        "the mark's key (detect watermark --key)",
        "By how much more tokens are green than chance makes so.",
    ),
    "green_list_window_p_value": (
        "probability",
        "the mark's key (detect watermark --key)",
        "How rarely a stretch of an unmarked text is as green.",
    ),
    "synthid_mean": (
        "share of bits",
        "the mark's keys (detect watermark --synthid-keys)",
        "Bits of SynthID-Text that are 1; half of them without a mark.",
    ),
    "synthid_weighted_mean": (
        "share of bits",
        "the mark's keys (detect watermark --synthid-keys)",
        "The same, the first tournaments weighing most.",
    ),
}
"""Name → unit, need and what it is, spelt as in the package ``detector.watermark``."""

MethodRecord = dict[str, str | bool | None]


def method_records() -> Iterator[MethodRecord]:
    """Name, direction (None where a classifier decides), unit, what it needs and what it is, by name."""
    yield from sorted([*_registered(), *_of_diveye(), *_watermark_tests()], key=lambda record: str(record["name"]))


def _registered() -> Iterator[MethodRecord]:
    for name, chosen in METHODS.items():
        summary = (chosen.__doc__ or "").strip().split("\n")[0].replace("``", "'")  # plain words, no markup
        yield _record(name, chosen().higher_is_machine, chosen().unit, _NEEDS[REQUIREMENTS[name]], summary)


def _of_diveye() -> Iterator[MethodRecord]:
    for name, (higher_is_machine, unit, summary) in FEATURES.items():
        yield _record(f"diveye.{name}", higher_is_machine, unit, "one pass (diveye_features)", summary)


def _watermark_tests() -> Iterator[MethodRecord]:
    for name, (unit, needs, summary) in _WATERMARK_TESTS.items():
        yield _record(name, not name.endswith("p_value"), unit, needs, summary)


def _record(name: str, higher_is_machine: bool | None, unit: str, needs: str, summary: str) -> MethodRecord:
    return {
        "name": name,
        "higher_is_machine": higher_is_machine,
        "unit": unit,
        "needs": needs,
        "summary": summary,
    }


_DIRECTIONS = {True: "higher = machine", False: "lower = machine", None: "direction left to a classifier"}


def print_methods() -> None:
    """Two lines a method: its name with direction, unit and need, and what it is."""
    for record in method_records():
        direction = _DIRECTIONS[record["higher_is_machine"]]  # type: ignore[index]  # a bool or None under this key
        print(f"{record['name']}  ({direction}; {record['unit']}; {record['needs']})")
        print(f"    {record['summary']}")
