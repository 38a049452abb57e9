"""Verdicts for the texts of a pandas DataFrame, as more columns of it."""

from typing import TYPE_CHECKING

from detector.errors import UsageError
from detector.records.fields import told_fields
from detector.records.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from detector.verdict.detector import Detector

_TOLD = [field for field in told_fields(Result) if field.in_frame]
COLUMNS = tuple(field.name for field in _TOLD)


def add_verdicts(
    frame: "pd.DataFrame",
    text: str = "text",
    *,
    detector: "Detector | None" = None,
    prefix: str = "",
    fdr: float = 0.05,
) -> "pd.DataFrame":
    """A copy of ``frame`` with the columns of ``COLUMNS`` and ``flagged_fdr``, each with ``prefix`` before its name.

    Rows keep their order and index. A cell that is no text, or is missing, is unscored with the reason
    ``unreadable``; texts that occur more than once are scored once, and count once for ``flagged_fdr``, the flag
    at the false-discovery rate ``fdr`` over all texts of the frame. Raises ``UsageError`` for a column that is
    not there, or one of the new ones that is.
    """
    from collections import Counter

    import pandas as pd

    from detector.corpus.multiple_testing import benjamini_hochberg

    new = [prefix + name for name in (*COLUMNS, "flagged_fdr")]
    if text not in frame.columns:
        raise UsageError(f"There is no column {text!r}; there are {', '.join(map(str, frame.columns))}.")
    if taken := [name for name in new if name in frame.columns]:
        raise UsageError(f"The frame already has {', '.join(taken)}; give a prefix, such as prefix='detect_'.")
    if list(frame.columns).count(text) > 1:
        raise UsageError(f"There is more than one column {text!r}; give each a name of its own.")
    if not 0 < fdr < 1:
        raise UsageError(f"The false-discovery rate is {fdr}; it must lie between 0 and 1, for example 0.05.")
    if detector is None:
        from detector.verdict.detector import Detector

        detector = Detector.load()
    values = frame[text].tolist()
    distinct = list(dict.fromkeys(value for value in values if isinstance(value, str)))
    results = dict(zip(distinct, detector.detect_many(distinct), strict=True))
    threshold = benjamini_hochberg(Counter(r.p_value for r in results.values() if r.p_value is not None), fdr)
    rows: list[list[object]] = []
    for value in values:
        result = results.get(value) if isinstance(value, str) else None
        if result is None:
            result = Result.unscored("unreadable", "", id="")
        flagged = None if result.p_value is None else threshold is not None and result.p_value <= threshold
        rows.append([*(field.value(result) for field in _TOLD), flagged])
    added = pd.DataFrame(rows, columns=new, index=frame.index)
    counts = [prefix + field.name for field in _TOLD if field.arrow == "int64"]
    added = added.astype(dict.fromkeys(counts, "Int64") | {prefix + "flagged_fdr": "boolean"})
    return pd.concat([frame, added], axis=1)
