"""RTF files."""

import pytest

from detector import InputError
from detector.documents.reading import text_of

RTF = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Times;}}{\header Smith 1\par}{\footer\pard Foot\par}"
    rb"\pard The \b boats\b0  were gone.\par Quite \u8220?gone\u8221?, caf\'e9.{\*\annotation A {\b remark}.}\par"
    rb"{\pict\pngblip 89504e470d0a}{\deleted Old words.}{\v Unseen.} The end.\par}"
)


def test_text_in_order_without_what_is_no_text():
    text, (warning,) = text_of(RTF, "essay.doc")
    assert text == "The boats were gone.\n\nQuite \u201cgone\u201d, caf\u00e9.\n\nThe end."
    assert "RTF file; headers, footers, comments" in warning


def test_braces_without_end_are_no_trouble():
    with pytest.raises(InputError, match="holds no text"):
        text_of(rb"{\rtf1 {\header {{{ never closed", "essay.rtf")
    assert text_of(rb"{\rtf1 {{{ never closed", "essay.rtf")[0] == "never closed"
