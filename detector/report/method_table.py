"""The registered statistics as a table or as records."""

from collections.abc import Iterator

from detector.methods import METHODS, REQUIREMENTS

_NEEDS = {
    "": "one pass",
    "top_k": "one pass with top_k=10",
    "samples": "one pass with samples=100",
    "pair": "two models (score_pairs)",
    "perturbations": "perturbed copies (score_perturbed)",
    "regenerations": "other endings (regenerate)",
}


def method_records() -> Iterator[dict[str, str | bool]]:
    """Name, direction, unit, what it needs and what it is, by name."""
    for name in sorted(METHODS):
        chosen = METHODS[name]
        summary = (chosen.__doc__ or "").strip().split("\n")[0].replace("``", "'")  # plain words, no markup
        yield {
            "name": name,
            "higher_is_machine": chosen().higher_is_machine,
            "unit": chosen().unit,
            "needs": _NEEDS[REQUIREMENTS[name]],
            "summary": summary,
        }


def print_methods() -> None:
    """Two lines a method: its name with direction, unit and need, and what it is."""
    for record in method_records():
        direction = "higher" if record["higher_is_machine"] else "lower"
        print(f"{record['name']}  ({direction} = machine; {record['unit']}; {record['needs']})")
        print(f"    {record['summary']}")
