"""``detect doctor``: what is installed and found."""

from detector.commands.options import (
    JsonOption,
    ModelOption,
    guarded,
    print_json,
)


@guarded
def doctor(as_json: JsonOption = False, model: ModelOption = "default") -> int:
    """What is installed and found, and whether a network is needed."""
    from detector.report.doctor import examine, print_findings

    findings = examine(model)
    if as_json:
        print_json(findings)
    else:
        print_findings(findings)
    return 0 if findings["model"]["ready"] else 4
