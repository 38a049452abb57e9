"""Results as a pandas data frame."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from detector.records.fields import told_fields
from detector.records.result import Result

if TYPE_CHECKING:
    import pandas as pd

_TOLD = [field for field in told_fields(Result) if not field.is_nested and field.name != "schema_version"]

_TYPES = {"int64": "Int64", "float64": "float64"}
"""Of columns that may lack numbers, by Arrow type."""


def results_frame(results: Iterable[Result], methods: bool = False) -> "pd.DataFrame":
    """A row a result, in their order, with the plain fields of the record; numbers that do not exist are missing.

    ``methods`` adds a column for every published statistic, by its name.
    """
    import pandas as pd

    found = list(results)
    frame = pd.DataFrame(
        [[field.value(result) for field in _TOLD] for result in found], columns=[field.name for field in _TOLD]
    )
    frame = frame.astype({field.name: _TYPES[field.arrow] for field in _TOLD if field.arrow in _TYPES})
    if not methods:
        return frame
    names = list(dict.fromkeys(name for result in found for name in result.methods))
    statistics = pd.DataFrame([[result.methods.get(name) for name in names] for result in found], columns=names)
    # the log-likelihood is a field of its own too
    return frame.join(statistics.astype("float64").drop(columns=set(names) & set(frame.columns)))
