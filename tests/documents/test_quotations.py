import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.documents.quotations import quotations, quoted_share

LONG = "that the harbour was empty and the boats had gone out long before the light"


@pytest.mark.parametrize(("opening", "closing"), [('"', '"'), ("\u201c", "\u201d"), ("\u00ab", "\u00bb")])
def test_long_quotations_are_found_with_their_marks(opening, closing):
    text = f"He wrote {opening}{LONG}{closing}, and left. She said {opening}no{closing}."
    ((start, end),) = quotations(text)
    assert text[start:end] == f"{opening}{LONG}{closing}"


def test_block_quotes_are_found_whole():
    text = f"As he wrote:\n> {LONG}\n> and {LONG}\n\nThat was all."
    ((start, end),) = quotations(text)
    assert text[start:end].startswith(">")
    assert text[start:end].endswith("light")
    assert quoted_share(text, [(start, end)]) > 0.7


@pytest.mark.parametrize(
    "text",
    ["", "No marks at all.", f'A 5" nail, {LONG}, and a 6" one.', f'An open mark "{LONG} and no end', '"Short one."'],
)
def test_what_is_no_long_quotation(text):
    assert quotations(text) == []


@given(st.text(alphabet='ab "\u201c\u201d>\n.', max_size=200))
def test_spans_are_in_order_and_within_the_text(text):
    spans = quotations(text)
    assert all(0 <= a < b <= len(text) for a, b in spans)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))
