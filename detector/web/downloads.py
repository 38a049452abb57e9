"""Results as files: the report as HTML or PDF, records as JSON, tables as CSV or XLSX."""

import re
import unicodedata
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from detector.errors import OutputError
from detector.records.result import Result
from detector.report.comparison import comparison_page
from detector.report.page import report_page
from detector.report.pdf import report_pdf
from detector.report.spreadsheet import csv_bytes, result_rows, xlsx_bytes
from detector.web.answers import as_json
from detector.web.background import in_background
from detector.web.presented import MOST_PDF_WORDS, has_pdf
from detector.web.problems import RequestError, not_found
from detector.web.results import kept_of, numbered, presented_of

_PRINT = "The browser's own print function gives the same pages."
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def html(request: Request) -> Response:
    """The report as a file of its own, without the app's links."""
    result, name, _ = numbered(request)
    page = await in_background(partial(report_page, result, name=name))
    return Response(page.encode("utf-8", "backslashreplace"), media_type="text/html", headers=as_file(name, "html"))


async def pdf(request: Request) -> Response:
    """The same page for print."""
    result, name, _ = numbered(request)
    return Response(await pdf_of(request, result, name), media_type="application/pdf", headers=as_file(name, "pdf"))


async def pdf_of(request: Request, result: Result, name: str) -> bytes:
    """The report as PDF, one at a time; raises ``RequestError`` where it cannot be made now, or here."""

    def make() -> bytes:
        return report_pdf(report_page(result, name=name))

    if not has_pdf(result):
        sentence = f"A PDF is made of at most {MOST_PDF_WORDS:,} words, for it takes long. {_PRINT}"
        raise RequestError(413, "too_long_for_pdf", sentence)
    making = request.app.state.one_pdf_at_a_time
    if making.locked():
        sentence = f"Another PDF is being made; try again in half a minute. {_PRINT}"
        raise RequestError(503, "busy", sentence, {"retry-after": "30"})
    async with making:
        try:
            return await in_background(make)
        except OutputError as error:
            raise RequestError(501, "no_pdf", f"{error} {_PRINT}") from None


async def comparison_html(request: Request) -> Response:
    """The comparison as a file of its own."""
    presented, names = presented_of(request), kept_of(request).names
    if presented.kind != "comparison":
        raise not_found()
    page = await in_background(partial(comparison_page, *presented.results, names=(names[0], names[1])))
    content = page.encode("utf-8", "backslashreplace")
    return Response(content, media_type="text/html", headers=as_file("comparison", "html"))


async def json_record(request: Request) -> Response:
    """The record of ``detect --json``."""
    result, name, _ = numbered(request)
    return Response(as_json(result.to_dict()), media_type="application/json", headers=as_file(name, "json"))


async def json_lines(request: Request) -> Response:
    """The records of all texts, one a line."""
    lines = b"".join(as_json(result.to_dict()) + b"\n" for result in presented_of(request).results)
    return Response(lines, media_type="application/x-ndjson", headers=as_file("results", "jsonl"))


async def csv(request: Request) -> Response:
    """A row a text, for a spreadsheet."""
    rows = result_rows(presented_of(request).results, kept_of(request).names)
    return Response(csv_bytes(rows), media_type="text/csv", headers=as_file("results", "csv"))


async def xlsx(request: Request) -> Response:
    """The same as XLSX."""
    rows = result_rows(presented_of(request).results, kept_of(request).names)
    content = await in_background(partial(xlsx_bytes, rows))
    return Response(content, media_type=_XLSX, headers=as_file("results", "xlsx"))


def as_file(name: str, suffix: str) -> dict[str, str]:
    """Headers by which a browser saves an answer under a name of plain letters."""
    stem = name.rsplit(".", 1)[0] if "." in name[1:] else name
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:60] or "text"
    return {"content-disposition": f'attachment; filename="{safe}-report.{suffix}"'}
