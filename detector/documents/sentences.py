"""Sentence spans: nupunkt within each paragraph, no character in two sentences."""

import re

_PARAGRAPH = re.compile(r".+?(?:\n\s*\n|\Z)", re.DOTALL)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence, without the whitespace around it, in order.

    >>> text = "It rained. We stayed in."
    >>> [text[a:b] for a, b in sentence_spans(text)]
    ['It rained.', 'We stayed in.']
    """
    from nupunkt import sent_spans

    spans = []
    for paragraph in _PARAGRAPH.finditer(text):
        for start, end in sent_spans(paragraph.group()):
            piece = paragraph.group()[start:end]
            if stripped := piece.strip():
                begin = paragraph.start() + start + len(piece) - len(piece.lstrip())
                spans.append((begin, begin + len(stripped)))
    return spans
