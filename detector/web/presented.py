"""Finished results as a browser gets them: reports, the comparison of two, the index of a set, each with its links."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from detector.records.result import Result
from detector.report.class_set import Entry, index_page
from detector.report.comparison import comparison_page
from detector.report.page import report_page

Kind = Literal["text", "comparison", "set"]
"""What was handed in: one text, two to be compared, or files that make a set."""

MOST_PDF_WORDS = 5000
"""A PDF of more takes minutes."""

_START = (("Another text", "/"), ("Compare two texts", "/compare"))
_BACK = {"comparison": "Back to the comparison", "set": "Back to all texts"}


@dataclass(frozen=True)
class Presented:
    """Finished results and their pages, compressed."""

    kind: Kind
    results: tuple[Result, ...]
    reports: tuple[bytes, ...]
    overview: bytes
    """What is shown first: the report of a single text, the comparison, or the index of a set."""


def present_pages(key: str, kind: Kind, names: Sequence[str], found: Sequence[Result]) -> Presented:
    """Pages with links to their neighbours under ``/results/key``."""
    reports = tuple(
        packed(report_page(result, name=name, links=_report_links(key, kind, number, result)))
        for number, (result, name) in enumerate(zip(found, names, strict=True), start=1)
    )
    if kind == "text":
        overview = reports[0]
    elif kind == "comparison":
        overview = packed(comparison_page(found[0], found[1], names=(names[0], names[1]), links=_comparison_links(key)))
    else:
        entries = [
            Entry(number, name, f"/results/{key}/{number}", result)
            for number, (result, name) in enumerate(zip(found, names, strict=True), start=1)
        ]
        overview = packed(index_page(entries, anonymous=False, links=_set_links(key)))
    return Presented(kind, tuple(found), reports, overview)


def has_pdf(result: Result) -> bool:
    """Whether a PDF can be made in time."""
    return (result.n_words or 0) <= MOST_PDF_WORDS


def packed(page: str) -> bytes:
    """A page as it is kept and sent."""
    return gzip.compress(page.encode("utf-8", "backslashreplace"), compresslevel=1)


def _report_links(key: str, kind: Kind, number: int, result: Result) -> list[tuple[str, str]]:
    page = f"/results/{key}/{number}"
    return [
        *(_START if kind == "text" else ((_BACK[kind], f"/results/{key}"),)),
        ("Download HTML", f"{page}/report.html"),
        *([("Download PDF", f"{page}/report.pdf")] if has_pdf(result) else []),
        ("Download JSON", f"{page}/result.json"),
        ("Forget this text" if kind == "text" else "Forget these texts", f"/results/{key}/forget"),
    ]


def _comparison_links(key: str) -> list[tuple[str, str]]:
    return [
        *_START,
        ("Report on the first text", f"/results/{key}/1"),
        ("Report on the second text", f"/results/{key}/2"),
        ("Download HTML", f"/results/{key}/comparison.html"),
        *_downloads(key),
    ]


def _set_links(key: str) -> list[tuple[str, str]]:
    return [*_START, *_downloads(key)]


def _downloads(key: str) -> list[tuple[str, str]]:
    return [
        ("Download CSV", f"/results/{key}/results.csv"),
        ("Download XLSX", f"/results/{key}/results.xlsx"),
        ("Download JSON", f"/results/{key}/results.jsonl"),
        ("Forget these texts", f"/results/{key}/forget"),
    ]
