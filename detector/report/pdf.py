"""A report page as PDF, from the same HTML that a browser shows."""

import logging
import re

from detector.errors import OutputError

_NOT_PRINTED = re.compile(r'<details id="token-table">.*?</details>|<script>.*?</script>', re.DOTALL)
"""Large, and hidden on paper by style."""
_UNSHADED = re.compile(r'<span class="t(?:(?! r\d| flag| quoted)[^"])*">([^<]*)</span>')
"""Tokens that look like plain text by rank, which is the view on paper; half of all elements."""


def check_pdf() -> None:
    """Raise ``OutputError`` where WeasyPrint or its libraries are missing."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: Pango is not on this system
        raise OutputError(
            f"A PDF needs WeasyPrint, which cannot be used here ({error}). Install it: pip install 'detect-text[pdf]' "
            "(and Pango, see its documentation), or open the HTML page and print it from the browser."
        ) from error


def report_pdf(html: str) -> bytes:
    """The page on A4; nothing is fetched. Raises what ``check_pdf`` does."""
    check_pdf()
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)  # it reports every style rule made for screens
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    found = HTML(
        string=_UNSHADED.sub(r"\1", _NOT_PRINTED.sub("", html)), url_fetcher=URLFetcher(allowed_protocols=())
    ).write_pdf()
    if found is None:
        raise OutputError("WeasyPrint gave no PDF; open the HTML page and print it from the browser.")
    return bytes(found)
