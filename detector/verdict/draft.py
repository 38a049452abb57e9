"""A text on its way to a result: folded, selected, and looked through before a model sees it."""

from dataclasses import dataclass

from detector.documents.folding import FoldedText, lay_out
from detector.documents.quotations import MUCH, quotations, quoted_share
from detector.documents.selection import Selection, select
from detector.errors import InputError
from detector.records.result import Finding
from detector.verdict.findings import findings_of, in_order
from detector.verdict.intake import set_apart, unsuitable, warnings_of


@dataclass(frozen=True)
class Draft:
    """A text on its way to a result."""

    id: str
    path: str | None
    text: str
    selection: Selection
    folded: FoldedText
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    unsuitable: tuple[str, str] | None
    """(reason, explanation) where no verdict is possible whatever the scores."""
    as_given: str | None
    """The text with its disguise, where it has one and can be judged: scored too, for comparison."""


def drafted(id: str, path: str | None, text: str, warnings: tuple[str, ...]) -> Draft:
    """What can be said of a text before a model sees it; ``InputError`` for what is no text."""
    if not isinstance(text, str):
        raise InputError(f"A text is a string, and {id} is of the type {type(text).__name__}; decode bytes first.")
    selection = select(text, path or id)
    folded = selection.folded()
    findings = in_order((*findings_of(text, folded), *set_apart(text, selection)))
    warnings = (*warnings, *warnings_of(text, selection))
    quoted = quotations(text)
    if quoted_share(text, quoted) >= MUCH:
        warnings = (
            *warnings,
            f"{quoted_share(text, quoted):.0%} of the words stand in quotations: the verdict is on whoever wrote them "
            "too. Judge the text without them to ask about its author alone.",
        )
    reason = unsuitable(text, selection, folded.text)
    as_given = lay_out(text).text if folded.disguises and reason is None else None
    return Draft(id, path, text, selection, folded, findings, warnings, reason, as_given)
