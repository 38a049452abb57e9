"""Whether a text is of the kind the verdict was calibrated on: prose, by one hand.

These checks need no model. They are coarse on purpose: each refuses only what is plainly outside, and says what it is.
"""

import re
from collections import Counter

from detector.documents.records import records_in

PROSE_SHARE = 0.6
"""Least share of letters and spaces in prose."""

CODE_SHARE = 0.18
"""Most words of prose that look like code; programs have a quarter and more, dialogues up to 0.15."""
_CODE_WORD = re.compile(
    r"[a-zA-Z]_[a-zA-Z]|[a-z]\.[a-z_]+\(|[a-zA-Z]\([^)s]|\(\)|[{}]|</?[a-zA-Z!]"
    r"|^(==|!=|=|->|=>|\|\||&&|\+=)$|[a-z)];$|=[\"'\[(]|\[\"|\w\]|^[-\w]+:[\"']?$"
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--|<!doctype", re.IGNORECASE)
WORDS_PER_TAG = 50
"""Fewest words of prose for each tag of markup."""
_FEWEST_TAGS = 3
_LONGEST_WORD = 100
_DISTINCT = 10
"""Most times that prose says a word over, on average of its first few hundred."""

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")

_TIME = r"\[?(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4},?\s+)?\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AaPp]\.?[Mm]\.?)?\]?"
_CHAT_LINE = re.compile(
    rf"^[ \t]*(?:{_TIME}[ \t]*[-\u2013]?[ \t]*<?[^\s:<>][^:\n<>]{{0,30}}[:>]"  # [21:04] mira:
    rf"|<[^\s<>]{{1,30}}>[ \t]|[^\n]{{1,30}}[ \t]{_TIME}$)",  # <mira> and: mira 21:04
    re.MULTILINE,
)
_SPEAKER = re.compile(r"^[ \t]*(?:\*\*)?([A-Z][\w.' -]{0,24}?)(?:\*\*)?:(?:\*\*)?[ \t]+\S", re.MULTILINE)
_CUE = re.compile(r"^\d{1,2}:\d{2}(?::\d{2})?[.,]\d{3}[ \t]+-->", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*(?:[-*+\u2022\u00b7\u25aa\u2013]|\(?\d{1,3}[.)]|\(?[a-z][.)])[ \t]+", re.MULTILINE)
_CELLS = re.compile(r"\t|\||;|,(?!\s)| {3,}")
_FEWEST_LINES = 4
_MOST_OF_THEM = 0.5


def words_of(text: str) -> list[str]:
    """Runs of letters, apostrophes within them kept."""
    return _WORD.findall(text)


def count_words(text: str) -> int:
    """Words as a word processor counts them: runs without whitespace."""
    return len(text.split())


def other_than_prose(text: str) -> str | None:
    """What a text is, in words, that is no prose: the one thing that applies best; None for prose.

    ``text`` is as given, with its line ends.

    >>> other_than_prose("for(i=0;i<n;i++){x[i]+=y[i]*2;} " * 20)
    'code (100 % of its words)'
    """
    words = text.split()
    lines = [line for line in text.splitlines() if line.strip()]
    if records := records_in(text):
        return records
    chat = len(_CHAT_LINE.findall(text))
    if len(lines) >= _FEWEST_LINES and chat > _MOST_OF_THEM * len(lines):
        return f"a chat log ({chat:,} of {len(lines):,} lines begin with a time or a name)"
    code, tags = _code_share(words), _TAG.findall(text)
    # programs have tags too; in a marked-up text most of what looks like code is the tags
    if len(tags) >= _FEWEST_TAGS and len(words) < len(tags) * WORDS_PER_TAG and code * len(words) < 2 * len(tags):
        return f"marked up ({len(tags):,} tags such as {tags[0][:20]})"
    if code > CODE_SHARE:
        return f"code ({100 * code:.0f} % of its words)"
    flat = " ".join(words)  # a line a word is no sign of anything
    letters = sum(character.isalpha() or character == " " for character in flat)
    if letters < PROSE_SHARE * len(flat):
        return _few_letters(text, lines)
    if len(longest := max(words, key=len, default="")) > max(_LONGEST_WORD, min(len(text) // 10, 10_000)):
        return f"a run of {len(longest):,} characters without a blank"
    if len(set(words)) < min(len(words), 40 * _DISTINCT) / _DISTINCT:
        return f"repetition ({len(words):,} words, {len(set(words)):,} of them different)"
    return None


def _code_share(words: list[str]) -> float:
    """Share of the words that look like code."""
    return sum(bool(_CODE_WORD.search(word)) for word in words) / len(words) if words else 0.0


def _few_letters(text: str, lines: list[str]) -> str:
    """What a text with more figures and signs than prose has is."""
    cells = sum(len(_CELLS.findall(line.strip())) >= 1 for line in lines)
    if len(lines) >= _FEWEST_LINES and cells > _MOST_OF_THEM * len(lines):
        return f"a table ({cells:,} of {len(lines):,} lines are rows of cells)"
    if len(cues := _CUE.findall(text)) >= _FEWEST_LINES:
        return f"subtitles ({len(cues):,} times)"
    if len(lines) >= _FEWEST_LINES and (items := len(_ITEM.findall(text))) > _MOST_OF_THEM * len(lines):
        return f"a list ({items:,} items)"
    digits = sum(character.isdigit() for character in text)
    marks = sum(not character.isspace() for character in text)
    if digits > marks / 4:
        return f"figures ({100 * digits / marks:.0f} % of its characters)"
    letters = sum(character.isalpha() for character in text)
    return f"signs ({100 * (1 - letters / marks):.0f} % of its characters are no letters)"


def speakers_in(text: str) -> list[str]:
    """The names that begin most lines of a conversation, commonest first; none where it is no conversation."""
    names = Counter(match[1] for match in _SPEAKER.finditer(text))
    lines = sum(bool(line.strip()) for line in text.splitlines())
    often = [name for name, times in names.most_common() if times > 1]
    turns = sum(names[name] for name in often)
    return often if len(often) > 1 and turns >= _FEWEST_LINES and turns > _MOST_OF_THEM * lines else []
