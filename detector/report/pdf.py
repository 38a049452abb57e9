"""A report page as PDF, from the same HTML that a browser shows."""

import logging
import re

from detector.errors import OutputError

_NOT_PRINTED = re.compile(
    r'<details class="more" id="[\w-]+">.*?</div><!-- more -->\n</details>|<script>.*?</script>', re.DOTALL
)
"""What stands behind a disclosure and is not meant for paper; large, and hidden there by style."""
_UNMARKED = re.compile(r'<span class="t(?:(?! [hm]\d| flag| quoted)[^"])*">([^<]*)</span>')
"""Tokens that bear no mark of evidence, which is the view on paper; half of all elements."""


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
        string=_UNMARKED.sub(r"\1", _NOT_PRINTED.sub("", html)), url_fetcher=URLFetcher(allowed_protocols=())
    ).write_pdf()
    if found is None:
        raise OutputError("WeasyPrint gave no PDF; open the HTML page and print it from the browser.")
    return bytes(found)
