"""Sentence spans of a folded text, by nupunkt, and the clauses within them."""

import re

_CLAUSE_END = re.compile(r"[,;:)][\"'\u201d\u2019]?\s+|\u2014\s*|-{2,}\s*|\s[\u2013-]\s+")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence, without the whitespace around it, in order.

    >>> text = "It rained. We stayed in."
    >>> [text[a:b] for a, b in sentence_spans(text)]
    ['It rained.', 'We stayed in.']
    """
    from nupunkt import sent_spans

    spans = []
    for start, end in sent_spans(text):
        piece = text[start:end]
        if stripped := piece.strip():
            begin = start + len(piece) - len(piece.lstrip())
            spans.append((begin, begin + len(stripped)))
    return spans


def clause_starts(text: str) -> list[int]:
    """Where clauses begin, in characters, rising: behind a comma, colon, semicolon, dash or closing bracket.

    >>> text = 'It rained, so we stayed in\u2014you know.'
    >>> [text[at:] for at in clause_starts(text)]
    ['so we stayed in\u2014you know.', 'you know.']
    """
    return [match.end() for match in _CLAUSE_END.finditer(text)]
