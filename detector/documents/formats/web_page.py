"""HTML and XHTML: the text a browser shows.

Tags are found as the HTML standard's tokenizer finds them, in time linear in the page; the standard library's parser
takes minutes for some pages of 100 kB.
"""

import html
import re
from collections import Counter
from contextlib import suppress

from detector.documents.decoding import decode
from detector.documents.formats.prose import CELL, LINE, PARAGRAPH, Prose

_WARNING = (
    "The text was taken from a web page; menus, scripts and hidden passages were left out, so places refer to the "
    "text as it was read."
)

_TAG_BEGINS = re.compile("</?[a-zA-Z]")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)((?>(?:=\s*+(?:\"[^\"]*+\"|'[^']*+')|[^>])*+))>")
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+))?")
_MAY_HIDE = re.compile("hidden|display", re.IGNORECASE)
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
# More digits than a character has; Python would count them out.
_ABSURD_REFERENCE = re.compile(r"&#(?:[xX][0-9a-fA-F]{8,}|[0-9]{8,});?")
_WESTERN = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?(?:(iso-8859-\d+|windows-125\d)|latin-?1)\b", re.IGNORECASE)

_LEFT_OUT = frozenset({"nav", "template", "noscript", "object", "audio", "video", "canvas", "svg", "select"})
_RAW = frozenset({"script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp"})
"""What is in them is no markup, and no text of the page."""
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
_PARAGRAPHS = frozenset(
    """
    address article aside blockquote body caption center details dialog dir div dl fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hgroup hr legend main menu ol optgroup p pre section summary table ul
    """.split()  # noqa: SIM905 - a list of names is easier to read in lines
)
_LINES = frozenset({"br", "dd", "dt", "li", "tr"})
_CELLS = frozenset({"td", "th"})
_CLOSES_ITS_LIKE = frozenset({"dd", "dt", "li", "td", "th", "tr"})


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    markup, doubts = decode_markup(data, name)
    return visible_text(markup, is_xml=name.lower().endswith(".xhtml")), (*doubts, _WARNING)


def decode_markup(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """The markup and warnings; a Western encoding that the page names is taken at its word where it is not UTF-8."""
    if (named := _WESTERN.search(data[:1024])) and not _is_utf8(data):
        encoding = (named[1] or b"iso-8859-1").decode().lower()
        with suppress(UnicodeDecodeError, LookupError):  # browsers take the one for the other
            return data.decode("cp1252" if encoding == "iso-8859-1" else encoding), ()
    return decode(data, name)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def visible_text(markup: str, is_xml: bool = False) -> str:
    r"""What a reader sees of a page, blocks parted by blank lines, cells by tabs.

    >>> visible_text("<title>No</title><p>One <b>two</b><p hidden>three<p>four &amp; five")
    'One two\n\nfour & five'
    """
    page = _Page()
    is_xml = is_xml or markup.lstrip("\ufeff \t\r\n").startswith("<?xml")
    at = 0
    while at < len(markup):
        begin = markup.find("<", at)
        if begin < 0:
            begin = len(markup)
        page.data(markup[at:begin])
        at = _past_markup(markup, begin, page, is_xml)
    return page.text


def _past_markup(markup: str, begin: int, page: "_Page", is_xml: bool) -> int:
    """Tell the page of the tag or comment that begins here; returns where it ends. What never ends takes the rest."""
    if markup.startswith("<!--", begin):
        return _past(markup, "-->", begin + 4)
    if is_xml and markup.startswith("<![CDATA[", begin):
        end = _past(markup, "]]>", begin)
        page.characters(markup[begin + 9 : end].removesuffix("]]>"))
        return end
    if markup.startswith(("<!", "<?"), begin):
        return _past(markup, ">", begin)
    if not _TAG_BEGINS.match(markup, begin):
        page.characters(markup[begin : begin + 1])
        return begin + 1
    tag = _TAG.match(markup, begin)
    if tag is None:
        return len(markup)
    name = tag[2].lower().rpartition(":")[2] if is_xml else tag[2].lower()
    if tag[1]:
        page.end(name)
        return tag.end()
    page.start(name, tag[3])
    if is_xml and tag[3].endswith("/"):
        page.end(name)
    elif name in _RAW:
        closing = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(markup, tag.end())
        return len(markup) if closing is None else closing.start()
    return tag.end()


def _past(markup: str, ending: str, begin: int) -> int:
    found = markup.find(ending, begin)
    return len(markup) if found < 0 else found + len(ending)


class _Page:
    """The elements that are open, and the text so far."""

    def __init__(self) -> None:
        self._prose = Prose()
        self._open: list[tuple[str, bool]] = []
        self._count: Counter[str] = Counter()
        self._hiding = 0

    @property
    def text(self) -> str:
        return self._prose.text.strip()

    def start(self, name: str, attributes: str) -> None:
        if name in _PARAGRAPHS and self._is_innermost("p"):
            self._close_innermost()
        if name in _CLOSES_ITS_LIKE:
            if self._is_innermost("p"):
                self._close_innermost()
            if self._is_innermost(name):
                self._close_innermost()
        self._part(name)
        if name in _VOID:
            return
        hides = name in _LEFT_OUT or name in _RAW or _is_hidden(attributes)
        self._open.append((name, hides))
        self._count[name] += 1
        self._hiding += hides

    def end(self, name: str) -> None:
        if self._count[name]:
            while not self._is_innermost(name):
                self._close_innermost()
            self._close_innermost()

    def data(self, text: str) -> None:
        if text and not self._hiding:
            self.characters(html.unescape(_ABSURD_REFERENCE.sub("\ufffd", text)))

    def characters(self, text: str) -> None:
        if self._hiding:
            return
        if self._count["pre"]:
            self._prose.add(text)
        else:
            self._prose.flow(text)

    def _part(self, name: str) -> None:
        if self._hiding:
            return
        if name in _PARAGRAPHS:
            self._prose.part(PARAGRAPH)
        elif name in _LINES:
            self._prose.part(LINE)

    def _is_innermost(self, name: str) -> bool:
        return bool(self._open) and self._open[-1][0] == name

    def _close_innermost(self) -> None:
        name, hides = self._open.pop()
        self._count[name] -= 1
        self._hiding -= hides
        if name in _CELLS and not self._hiding:
            self._prose.part_only(CELL)
        self._part(name)


def _is_hidden(attributes: str) -> bool:
    if not _MAY_HIDE.search(attributes):
        return False
    given = {name.lower(): value for name, value in _ATTRIBUTE.findall(attributes)}
    return "hidden" in given or bool(_HIDING_STYLE.search(given.get("style", "")))
