"""``detect doctor``: what is installed and found."""

from typing import Any

from detector.commands.options import (
    JsonOption,
    ModelOption,
    PrefixOption,
    guarded,
    print_json,
)


@guarded
def doctor(as_json: JsonOption = False, model: ModelOption = "default", prefix: PrefixOption = "auto") -> int:
    """What is installed and found, and whether a network is needed."""
    from detector.verdict.readiness import examine

    findings = examine(model, prefix)
    if as_json:
        print_json(findings)
    else:
        _print_findings(findings)
    return 0 if findings["model"]["ready"] else 4


def _print_findings(findings: dict[str, Any]) -> None:
    """The findings in lines of ``name  value``."""
    for name, value in findings.items():
        if isinstance(value, dict):
            print(name)
            absent = "none" if name == "model" else "not installed"
            for key, inner in value.items():
                print(f"  {key:16} {absent if inner is None else inner}")
        else:
            print(f"{name:22} {', '.join(map(str, value)) if isinstance(value, list) else value}")
