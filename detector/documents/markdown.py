"""Markdown: the text a reader sees of it, and where each character of that stands in what was written.

Blocks are found by markdown-it (CommonMark, tables and strikethrough). Signs go, list items and headings are blocks
of their own, and what is no prose, such as code and tables, is set apart.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple

Kind = Literal["code", "table", "markup"]

NAMES = (".md", ".markdown", ".mdown", ".mkd")

# One of these is enough: nobody writes them by accident.
_STRONG = re.compile(
    r"(?<![\w*\\])\*\*(?=[^\s*])[^*\n]{1,300}?(?<=[^\s*\\])\*\*(?![\w*])"  # **bold**
    r"|^ {0,3}```[^`\n]*\n"
    r"|^ {0,3}\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)+\|?[ \t]*$"  # the line below a table's head
    r"|^ {0,3}#{2,6} \S[^\n]{0,120}$"
    r"|\[[^\]\n]{1,100}\]\(https?://[^)\s]+\)",
    re.MULTILINE,
)
# Of these it takes several kinds, or several of a kind beside a heading.
_WEAK = (
    re.compile(r"^ {0,3}# \S[^\n]{0,120}$", re.MULTILINE),
    re.compile(r"(?<![\w*\\])\*(?=[^\s*])[^*\n]{1,200}?(?<=[^\s*\\])\*(?![\w*])"),
    re.compile(r"(?:^ {0,3}[-*+] \S[^\n]*\n\s*){2}", re.MULTILINE),
    re.compile(r"(?<![\w`])`[^`\n]{1,80}`(?![\w`])"),
)
_WEAK_KINDS = 2

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\n|\r")
_TASK = re.compile(r"\[[ xX]\]\s+")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


class Shown(NamedTuple):
    """A character that a reader sees, and where it stands in what was written."""

    character: str
    start: int
    end: int


@dataclass
class Block:
    """A paragraph, heading or list item as a reader sees it."""

    shown: list[Shown]
    is_tight: bool = False
    """It belongs to a list without blank lines."""


@dataclass(frozen=True)
class SetApart:
    """A place in the text as given that is no prose."""

    kind: Kind
    start: int
    end: int


@dataclass
class Parsed:
    """Blocks in order, and what was set apart."""

    blocks: list[Block] = field(default_factory=list)
    apart: list[SetApart] = field(default_factory=list)


def is_markdown_name(name: str) -> bool:
    """Whether a file of this name is Markdown whatever stands in it."""
    return name.lower().endswith(NAMES)


def looks_like_markdown(text: str) -> bool:
    """Whether a text without a name is Markdown, as a chatbot gives it.

    >>> looks_like_markdown("**Tea** is a drink."), looks_like_markdown("2 ** 3 and * a footnote - or - two.")
    (True, False)
    """
    if not any(sign in text for sign in "*#`[-"):
        return False
    return bool(_STRONG.search(text)) or sum(bool(sign.search(text)) for sign in _WEAK) >= _WEAK_KINDS


def parse(text: str, is_certain: bool) -> Parsed:
    r"""The blocks of a Markdown text; indented lines are code only where it ``is_certain`` to be one.

    >>> parsed = parse("# Tea\n\n- *green*\n- black", is_certain=True)
    >>> ["".join(shown.character for shown in block.shown) for block in parsed.blocks]
    ['Tea', 'green', 'black']
    """
    parsed = Parsed()
    lines = _line_spans(text)
    first = 0
    if is_certain and (matter := _FRONT_MATTER.match(text)):
        parsed.apart.append(SetApart("markup", 0, len(matter.group().rstrip())))
        first = matter.end()
    skipped = sum(whole <= first for _, _, whole in lines) if first else 0
    tokens = _parser(is_certain).parse(text[first:])
    at = 0
    while at < len(tokens):
        token = tokens[at]
        kind = _KINDS.get(token.type)
        if kind is not None:
            parsed.apart.append(_set_apart(kind, text, lines, [line + skipped for line in token.map]))
            if token.type == "table_open":
                while tokens[at].type != "table_close":
                    at += 1
        elif token.type == "inline":
            block_lines = [line + skipped for line in token.map]
            shown = _inline(token, _places(token.content, text, lines[block_lines[0] : block_lines[1]]))
            if shown:
                parsed.blocks.append(Block(shown, is_tight=tokens[at - 1].hidden))
        at += 1
    return parsed


_KINDS: dict[str, Kind] = {"fence": "code", "code_block": "code", "table_open": "table", "html_block": "markup"}


@cache
def _parser(is_certain: bool) -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")
    return parser if is_certain else parser.disable(["code", "lheading"])


def _line_spans(text: str) -> list[tuple[int, int, int]]:
    """(start, end without its line end, end) of each line."""
    spans, start = [], 0
    for match in _LINE_END.finditer(text):
        spans.append((start, match.start(), match.end()))
        start = match.end()
    spans.append((start, len(text), len(text)))
    return spans


def _set_apart(kind: Kind, text: str, lines: Sequence[tuple[int, int, int]], of: Sequence[int]) -> SetApart:
    start, end = lines[of[0]][0], lines[min(of[1], len(lines)) - 1][1]
    return SetApart(kind, start, start + len(text[start:end].rstrip()))


def _places(content: str, text: str, lines: Sequence[tuple[int, int, int]]) -> list[int]:
    """Where each character of a block's ``content`` stands in the text; the signs before its lines are not in it."""
    places: list[int] = []
    for piece, (start, end, _) in zip(content.split("\n"), lines, strict=False):
        bare = piece.strip()
        at = text.rfind(bare, start, end) if bare else end
        begin = (at if at >= 0 else start) - (len(piece) - len(piece.lstrip()))
        places.extend(range(begin, begin + len(piece)))
        places.append(end)  # its line end
    return places[: len(content)] + [end for _, end, _ in lines[-1:]]


class _LostError(Exception):
    """A piece of a block was not found where it should stand."""


def _inline(token: Any, places: list[int]) -> list[Shown]:
    """What a reader sees of a block; all of it as it stands where its signs cannot be told."""
    content = token.content
    try:
        shown = list(_shown(token.children, content, places))
    except _LostError:
        shown = [Shown(character, place, place + 1) for character, place in zip(content, places, strict=False)]
    task = _TASK.match("".join(one.character for one in shown[:5]))
    return shown[task.end() :] if task and content.startswith("[") else shown


def _shown(children: Sequence[Any], content: str, places: list[int]) -> Iterator[Shown]:
    at = 0
    for child in children:
        match child.type:
            case "text":
                at = _past_blanks(content, child.content, at)
                yield from _as_written(content, places, at, at + len(child.content))
                at += len(child.content)
            case "text_special":  # an escape or an entity
                at = _past_blanks(content, child.markup, at)
                end = at + len(child.markup)
                yield from (Shown(one, places[at], places[end - 1] + 1) for one in child.content)
                at = end
            case "softbreak" | "hardbreak":
                at = content.find("\n", at)
                if at < 0:
                    raise _LostError
                yield Shown("\n", places[at], places[at] + 1)
                at += 1
            case "code_inline":
                begin = _past_blanks(content, child.markup, at) + len(child.markup)
                end = content.find(child.markup, begin)
                if end < 0:
                    raise _LostError
                blanks = len(content[begin:end]) - len(content[begin:end].lstrip(" "))
                yield from _as_written(content, places, begin + blanks, begin + len(content[begin:end].rstrip(" ")))
                at = end + len(child.markup)
            case "link_open":
                at = _past_blanks(content, "<" if child.markup == "autolink" else "[", at) + 1
            case "link_close":
                at = at + 1 if child.markup == "autolink" else _past_target(content, at)
            case "image":
                at = _past_blanks(content, "![", at) + 1
                at = _past_target(content, _closing(content, at))
            case "html_inline":
                at = _past_blanks(content, child.content, at)
                if _BREAK.fullmatch(child.content):
                    yield Shown("\n", places[at], places[at] + 1)
                at += len(child.content)
            case _:  # emphasis and its kin
                at = _past_blanks(content, child.markup, at) + len(child.markup)


def _as_written(content: str, places: list[int], start: int, end: int) -> Iterator[Shown]:
    return (Shown(content[i], places[i], places[i] + 1) for i in range(start, end))


def _past_blanks(content: str, piece: str, at: int) -> int:
    """Where ``piece`` stands, blanks aside, which markdown-it leaves out around line ends."""
    found = content.find(piece, at)
    if found < 0 or content[at:found].strip():
        raise _LostError
    return found


def _closing(content: str, opening: int) -> int:
    """Place of the bracket that closes the one at ``opening``."""
    pairs = {"[": "]", "(": ")"}
    ending, depth, at = pairs[content[opening]], 0, opening
    while at < len(content):
        if content[at] == "\\":
            at += 1
        elif content[at] == content[opening]:
            depth += 1
        elif content[at] == ending:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise _LostError


def _past_target(content: str, closing: int) -> int:
    """Behind the address that follows a closing bracket, if any."""
    closing = content.find("]", closing)
    if closing < 0:
        raise _LostError
    after = closing + 1
    if content[after : after + 1] in ("(", "["):
        return _closing(content, after) + 1
    return after
