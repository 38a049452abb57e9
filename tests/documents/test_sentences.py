import itertools

from hypothesis import given
from hypothesis import strategies as st

from detector.documents.sentences import sentence_spans


def sentences(text):
    return [text[a:b] for a, b in sentence_spans(text)]


def test_abbreviations():
    text = "Dr. Quirke left at 5 p.m. sharp. Why? He would not say. The end."
    assert sentences(text) == ["Dr. Quirke left at 5 p.m. sharp.", "Why?", "He would not say.", "The end."]


@given(st.text(alphabet="ab.?! \n\u2603"))
def test_no_character_but_whitespace_is_lost_or_doubled(text):
    spans = sentence_spans(text)
    assert all(a < b for a, b in spans)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
