"""What is said of a text before a model sees it: what is left out of it, and why there can be no verdict."""

import math

from detector.documents.language import Language
from detector.documents.records import records_in
from detector.documents.selection import Selection, SetApart
from detector.documents.suitability import count_words, other_than_prose, speakers_in
from detector.records.result import Finding
from detector.verdict.classifier import LENGTH_LIMITS
from detector.verdict.rules import TOKENS_PER_WORD

LEAST_TOKENS = LENGTH_LIMITS[0]
LEAST_WORDS = math.ceil(LEAST_TOKENS / TOKENS_PER_WORD / 10) * 10
"""About as many words, as people are told."""
_FEWEST_WORDS = 15
"""Below this the language cannot be told either, so that shortness is the reason given."""
_REPEATED_CHARACTERS, _FEWEST_CHARACTERS = 200, 10
"""From so many characters on, a text of fewer different ones is no prose in any language."""


def set_apart(text: str, selection: Selection) -> tuple[Finding, ...]:
    """What of the text is not judged, with its places in the text as given."""
    return tuple(
        Finding(one.kind, one.start, one.end, f"{_words(text, [one])} {_of(one)}, left out") for one in selection.apart
    )


def warnings_of(text: str, selection: Selection) -> list[str]:
    """What of the text is not judged, in sentences, and whether the rest seems to be by several."""
    said = []
    if selection.is_markdown:
        said.append("The text was read as Markdown; its signs were left out.")
    for of in dict.fromkeys(map(_of, selection.apart)):
        spans = [one for one in selection.apart if _of(one) == of]
        words = _words(text, spans)
        then = ": the verdict is on the English part alone" if spans[0].kind == "other_language" else ""
        said.append(f"{words} {of} {'was' if words.startswith('1 ') else 'were'} left out{then}.")
    if speakers := speakers_in(text):
        more = f"{len(speakers) - 2} more" if len(speakers) > 3 else ""
        names = [*speakers[:2], more] if more else speakers
        said.append(
            f"The text is a conversation between {', '.join(names[:-1])} and {names[-1]}: the verdict is on all "
            "of them together. Judge the words of each by themselves to ask about one."
        )
    return said


def unsuitable(text: str, selection: Selection, folded: str) -> tuple[str, str] | None:
    """(reason, explanation) of why there can be no verdict on what was selected of a text; None if there can.

    ``folded`` is the selection as it would be judged.
    """
    apart = " and ".join(dict.fromkeys(one.what for one in selection.apart))
    if not folded:
        if apart:
            return "not_prose", f"The text holds nothing but {apart}; a verdict needs prose."
        return "empty", "The text is empty."
    if len(folded) >= _REPEATED_CHARACTERS and len(set(folded)) < _FEWEST_CHARACTERS:
        return "not_prose", "The text repeats a few characters; a verdict needs prose."
    found = count_words(folded)
    if len(folded) < LEAST_TOKENS or (found < _FEWEST_WORDS and len(folded) < _FEWEST_WORDS * 10):
        return "too_short", (
            f"The text has {found} word{'' if found == 1 else 's'}{f' besides {apart}' if apart else ''} and about "
            f"{LEAST_WORDS} are needed: about {max(1, LEAST_WORDS - found)} more."
        )
    if not selection.language.is_english:
        return "unsupported_language", _other_language(selection.language)
    judged = text if selection.starts is None else selection.text
    if other := other_than_prose(judged):
        hint = " Judge each record by itself: detect batch FILE --out DIR." if records_in(judged) else ""
        return "not_prose", f"The text is {other}; a verdict needs prose.{hint}"
    return None


def _other_language(language: Language) -> str:
    if not language.nearest:
        return (
            "The text is in a language that is not known here and does not read as English, which is all the verdict "
            "was calibrated on."
        )
    return f"The text reads as {language.nearest} or a language like it; the verdict was calibrated on English alone."


def _of(one: SetApart) -> str:
    return f"in {one.what}" if one.kind == "other_language" else f"of {one.what}"


def _words(text: str, spans: list[SetApart]) -> str:
    count = sum(count_words(text[one.start : one.end]) for one in spans)
    return f"{count:,} word{'' if count == 1 else 's'}"
