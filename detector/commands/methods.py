"""``detect methods``: every published statistic."""

from detector.commands.options import (
    JsonOption,
    guarded,
    print_json,
)


@guarded
def methods(as_json: JsonOption = False) -> None:
    """Every statistic by name, with direction, unit and need.

    The direction is the one machine text tends to; the need is what must be computed beyond one pass.
    """
    from detector.report.method_table import method_records, print_methods

    if as_json:
        for record in method_records():
            print_json(record)
    else:
        print_methods()
