import pytest
from tokenizers import pre_tokenizers

from detector.vocabulary.token_bytes import (
    IMPOSSIBLE_BYTES,
    byte_level_bytes,
    byte_of_symbol,
    is_utf8,
    sentencepiece_bytes,
    visible,
)


def test_the_alphabet_is_the_library_s():
    assert set(byte_of_symbol()) == set(pre_tokenizers.ByteLevel.alphabet())
    assert sorted(byte_of_symbol().values()) == list(range(256))
    for text in ("caf\u00e9 \U0001f600", "\x00\x1f\x7f\xa0\xad"):
        (word, _), *rest = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
        assert not rest
        assert byte_level_bytes(word) == text.encode()


def test_impossible_bytes_are_those_no_character_has():
    used = {byte for code in range(0x110000) if not 0xD800 <= code < 0xE000 for byte in chr(code).encode()}
    assert set(range(256)) - used == IMPOSSIBLE_BYTES


def test_a_piece_outside_the_alphabet_stands_for_itself():
    assert byte_level_bytes("a  b") == b"a  b"


def test_sentencepiece_pieces():
    assert sentencepiece_bytes("<0x0A>", byte_fallback=True) == b"\n"
    assert sentencepiece_bytes("<0x0A>", byte_fallback=False) == b"<0x0A>"
    assert sentencepiece_bytes("\u2581\u2581the", byte_fallback=True) == b"  the"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b" the", "\u2423the"),
        (b"\xe2\x80", "<E2><80>"),
        (b"\xe2A\x80", "<E2>A<80>"),  # a lead byte with no continuation
        (b"\xff", "<FF>"),
        (b"\n\t", "<0A><09>"),
        ("\u200b".encode(), "<E2><80><8B>"),  # a character without a shape
        ("e\u0301".encode(), "e<CC><81>"),
        ("\u9f8d".encode(), "\u9f8d"),
        (b"", ""),
    ],
)
def test_every_byte_can_be_seen(data, shown):
    assert visible(data) == shown


def test_whole_characters():
    assert is_utf8("\u9f8d".encode())
    assert not is_utf8("\u9f8d".encode()[:2])
    assert not is_utf8(b"\xed\xa0\x80")  # half of a surrogate pair
