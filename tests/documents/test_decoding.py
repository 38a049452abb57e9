import pytest

from detector import InputError
from detector.documents.decoding import decode


def test_utf8_is_kept_as_it_stands():
    assert decode("a\r\nb\u00e9 ".encode(), "f") == ("a\r\nb\u00e9 ", ())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(encoding):
    assert decode("Grüße".encode(encoding), "f")[0] == "Grüße"


def test_another_encoding_is_guessed_and_said():
    text = "Le garçon a mangé la pomme près de la fenêtre, puis il est allé à l'école. " * 5
    found, warnings = decode(text.encode("cp1252"), "f.txt")
    assert found == text
    assert len(warnings) == 1
    assert "guess" in warnings[0]


def test_a_file_cut_within_a_character_is_still_utf8():
    text = "Où est la gare, demanda-t-il. " * 3
    found, (warning,) = decode(text.encode() + b"\xe2\x82", "f")
    assert found == text + "\ufffd"
    assert "damaged" in warning
    found, _ = decode(("é" * 40).encode() + b"\xff" + ("é" * 40).encode(), "f")
    assert found == "é" * 40 + "\ufffd" + "é" * 40


def test_a_western_text_that_ends_in_its_only_accent_is_no_damaged_utf8():
    text = "He put the key on the table and went back to the café"
    assert decode(text.encode("cp1252"), "f")[0] == text


def test_western_text_is_read_as_western():
    text = "The price was £40, he said, and the piñata came free. " * 5
    assert decode(text.encode("cp1252"), "f")[0] == text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"text\x00more", "NUL bytes"),
        (bytes(range(1, 256)) * 4, "not text"),
        (b"\xff\xfea", "does not decode"),
        (b"\x00\x01\x02" * 50, "NUL bytes"),
        (bytes(range(1, 9)).decode().encode("utf-16-le") * 9, "NUL bytes"),
        (b"a\x00b\x00c", "NUL bytes"),
    ],
)
def test_what_is_not_text_is_refused_with_a_sentence(data, sentence):
    with pytest.raises(InputError, match=sentence):
        decode(data, "f")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_byte_order_mark_is_read_and_said(encoding):
    text = "Gr\u00fc\u00dfe \u2013 and more."
    found, (warning,) = decode(text.encode(encoding), "f.txt")
    assert found == text
    assert encoding.upper() in warning
    assert "byte order mark" in warning
