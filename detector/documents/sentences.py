"""Sentence spans of a folded text, by nupunkt."""


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
