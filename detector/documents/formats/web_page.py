"""HTML and XHTML: the text a browser shows.

Tags are found as the HTML standard's tokenizer finds them, in time linear in the page; the standard library's parser
takes minutes for some pages of 100 kB.
"""

import html
import re
from contextlib import suppress
from typing import NamedTuple

from detector.documents.decoding import decode
from detector.documents.formats.archive import check_tags
from detector.documents.formats.main_text import main_text
from detector.documents.formats.prose import CELL, LINE, PARAGRAPH, Prose

_WARNING = (
    "The text was taken from a web page; menus, scripts and hidden passages were left out, so places refer to the "
    "text as it was read."
)

_TAG_BEGINS = re.compile("</?[a-zA-Z]")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)((?>(?:=\s*+(?:\"[^\"]*+\"|'[^']*+')|[^>])*+))>")
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]++)(?:\s*+=\s*+(\"[^\"]*+\"|'[^']*+'|[^\s>]++))?")
_MAY_HIDE = re.compile("hidden|style", re.IGNORECASE)
_PAGE_HEAD = re.compile(r"(?<![\w-])title\s*+=\s*+[\"']?(?:header|footer)(?![\w -])", re.IGNORECASE)
"""How LibreOffice writes what stands above or below each page of a document."""
_HIDING_STYLE = re.compile(
    r"display\s*+:\s*+none|visibility\s*+:\s*+hidden"
    r"|(?<![\w-])opacity\s*+:\s*+(?:0++(?:\.0*+)?|\.0++)(?![\d.])"
    # pushed out of the window
    r"|(?<![\w-])(?:text-indent|margin-left|left|top)\s*+:\s*+-(?:\d{4}|\d{3}r?em)",
    re.IGNORECASE,
)
_FONT_SIZE = re.compile(r"(?<![\w-])font-size\s*+:\s*+([^;\"']*+)", re.IGNORECASE)
_RELATIVE_SIZE = re.compile(r"%|(?<!r)em\b|larger|smaller|inherit", re.IGNORECASE)
_NO_SIZE = re.compile(r"(?:0++(?:\.0*+)?|\.0++)(?![\d.])")
# More digits than a character has; Python would count them out.
_ABSURD_REFERENCE = re.compile(r"&#(?:[xX][0-9a-fA-F]{8,}|[0-9]{8,});?")
_WESTERN = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?(?:(iso-8859-\d+|windows-125\d)|latin-?1)\b", re.IGNORECASE)

_LEFT_OUT = frozenset(
    {"datalist", "nav", "template", "noscript", "object", "audio", "video", "canvas", "svg", "select"}
)
_RAW = frozenset({"script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp"})
"""What is in them is no markup, and no text of the page."""
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
_PARAGRAPHS = frozenset(
    """
    address article aside blockquote body caption center details dialog dir div dl fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hgroup hr legend main menu nav ol optgroup p pre section summary table ul
    """.split()  # noqa: SIM905 - a list of names is easier to read in lines
)
_LINES = frozenset({"br", "dd", "dt", "li", "tr"})
_CELLS = frozenset({"td", "th"})

_TABLE = frozenset({"table", "template"})
_AROUND_PARAGRAPHS = frozenset({"button", "caption", "object", "table", "td", "template", "th"})
_AROUND_ITEMS = (_PARAGRAPHS | _CELLS | {"button", "object", "template"}) - {"address", "div", "p"}
_ENDS_PARAGRAPH = (frozenset({"p"}), _AROUND_PARAGRAPHS)
_ENDS_ROW = (_CELLS | {"caption", "tr"}, _TABLE)
_ENDS_ROWS = (_CELLS | {"caption", "tbody", "tfoot", "thead", "tr"}, _TABLE)
_IMPLIED_ENDS = {
    **dict.fromkeys(_PARAGRAPHS, (_ENDS_PARAGRAPH,)),
    "li": ((frozenset({"li"}), _AROUND_ITEMS), _ENDS_PARAGRAPH),
    **dict.fromkeys(("dd", "dt"), ((frozenset({"dd", "dt"}), _AROUND_ITEMS), _ENDS_PARAGRAPH)),
    **dict.fromkeys(_CELLS, ((_CELLS | {"caption"}, _TABLE | {"tr"}),)),
    "tr": (_ENDS_ROW,),
    **dict.fromkeys(("tbody", "tfoot", "thead"), (_ENDS_ROWS,)),
    "option": ((frozenset({"option"}), frozenset({"select", "template"})),),
}
"""Elements that a start tag ends, their end tags being left out, as far as none of the others is open in them."""


def read(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """(text, warnings); raises ``InputError``."""
    markup, doubts = decode_markup(data, name)
    check_tags(markup.count("<"), name)
    text, left_out = main_text(visible_text(markup, is_xml=name.lower().endswith(".xhtml")), markup)
    if left_out:
        words = f"{left_out:,} word{'' if left_out == 1 else 's'}"
        doubts = (*doubts, f"{words} around the text, such as menus, notes on cookies and footers, were left out.")
    return text, (*doubts, _WARNING)


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


class _Element(NamedTuple):
    name: str
    hides: bool
    has_size: bool


class _Page:
    """The elements that are open, and the text so far."""

    def __init__(self) -> None:
        self._prose = Prose()
        self._open: list[_Element] = []
        self._places: dict[str, list[int]] = {}
        self._hiding = 0

    @property
    def text(self) -> str:
        return self._prose.text.strip()

    def start(self, name: str, attributes: str) -> None:
        for ended, around in _IMPLIED_ENDS.get(name, ()):
            while (place := self._innermost(ended)) >= 0 and place > self._innermost(around):
                self._close_from(place)
        self._part(name)
        if name in _VOID:
            return
        style_hides, has_size = _looks(attributes)
        if has_size is None:
            has_size = not self._open or self._open[-1].has_size
        hides = style_hides or name in _LEFT_OUT or name in _RAW
        hides |= name == "div" and _PAGE_HEAD.search(attributes) is not None
        self._places.setdefault(name, []).append(len(self._open))
        self._open.append(_Element(name, hides, has_size))
        self._hiding += hides

    def end(self, name: str) -> None:
        if self._places.get(name):
            self._close_from(self._places[name][-1])

    def data(self, text: str) -> None:
        if text and self._is_shown:
            self.characters(html.unescape(_ABSURD_REFERENCE.sub("\ufffd", text)))

    def characters(self, text: str) -> None:
        if not self._is_shown:
            return
        if self._places.get("pre"):
            self._prose.add(text)
        else:
            self._prose.flow(text)

    @property
    def _is_shown(self) -> bool:
        return not self._hiding and (not self._open or self._open[-1].has_size)

    def _part(self, name: str) -> None:
        if self._hiding:
            return
        if name in _PARAGRAPHS:
            self._prose.part(PARAGRAPH)
        elif name in _LINES:
            self._prose.part(LINE)

    def _innermost(self, names: frozenset[str]) -> int:
        return max((self._places[name][-1] for name in names if self._places.get(name)), default=-1)

    def _close_from(self, place: int) -> None:
        while len(self._open) > place:
            element = self._open.pop()
            self._places[element.name].pop()
            self._hiding -= element.hides
            if element.name in _CELLS and not self._hiding:
                self._prose.part_only(CELL)
            self._part(element.name)


def _looks(attributes: str) -> tuple[bool, bool | None]:
    """Whether the attributes hide an element, and whether its letters have a size; None where they do not say."""
    if not _MAY_HIDE.search(attributes):
        return False, None
    given: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(attributes):
        given.setdefault(name.lower(), value)
    style = given.get("style", "")
    hides = "hidden" in given or bool(_HIDING_STYLE.search(style))
    sizes = _FONT_SIZE.findall(style)
    if not sizes:
        return hides, None
    if _NO_SIZE.match(sizes[-1]):
        return hides, False
    # a part of nothing is nothing
    return hides, None if _RELATIVE_SIZE.search(sizes[-1]) else True
