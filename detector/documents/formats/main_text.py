"""What of a web page is its text, and what stands around it: menus, notes on cookies, footers, links to other pages.

trafilatura finds the passages that are the text; they are kept as the page shows them, hidden passages left out.
"""

import html
import logging
import re

MOST_CHARACTERS = 2_000_000
"""Of a page's markup that is looked into; a longer one is taken whole."""
_LEAST_SHARE = 0.5
"""Share of the words in long paragraphs that the text must hold, else the page is none of the usual kind."""
_LONG_WORDS = 25

_TITLE = re.compile(r"<h1[^>]{0,500}>(.{1,500}?)</h1", re.IGNORECASE | re.DOTALL)
"""trafilatura takes some headings for furniture."""
_TAG = re.compile(r"<[^<>]{0,500}>")
_NO_LETTER = re.compile(r"[\W_]+")


def main_text(visible: str, markup: str) -> tuple[str, int]:
    """(text, number of words left out) of what a page shows; all of it where its text cannot be told.

    ``visible`` is what the ``markup`` shows, a line for each passage.
    """
    found = _extracted(markup)
    if not found:
        return visible, 0
    lines = visible.split("\n")
    titles = {_plain(html.unescape(_TAG.sub("", title))) for title in _TITLE.findall(markup[:MOST_CHARACTERS])}
    are_kept = [not line.strip() or _plain(line) in found or _plain(line) in titles for line in lines]
    inside = [at for at, (line, kept) in enumerate(zip(lines, are_kept, strict=True)) if kept and line.strip()]
    for at in range(inside[0], inside[-1]) if inside else ():
        # text that stands in no paragraph of its own is lost now and then, and what is long between the rest is text
        are_kept[at] = are_kept[at] or len(lines[at].split()) >= _LONG_WORDS
    long = [(len(line.split()), kept) for line, kept in zip(lines, are_kept, strict=True)]
    long = [(words, kept) for words, kept in long if words >= _LONG_WORDS]
    if sum(words for words, kept in long if kept) < _LEAST_SHARE * sum(words for words, _ in long):
        return visible, 0
    kept = "\n".join(line for line, is_kept in zip(lines, are_kept, strict=True) if is_kept)
    kept = re.sub(r"\n{3,}", "\n\n", kept).strip()
    if not kept:
        return visible, 0
    return kept, len(visible.split()) - len(kept.split())


def _extracted(markup: str) -> str:
    """The letters and figures of the text that trafilatura finds; empty where it finds none."""
    if len(markup) > MOST_CHARACTERS:
        return ""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it says on standard error what it does not like
    import trafilatura

    try:
        found = trafilatura.extract(
            markup, favor_recall=True, include_comments=False, include_tables=True, deduplicate=False
        )
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return ""  # a page that it cannot take is one whose text cannot be told
    return _plain(found or "")


def _plain(text: str) -> str:
    return _NO_LETTER.sub("", text).casefold()
