"""Subtitles."""

import pytest

from detector.documents.reading import text_of

SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>The boats</i> were gone,\n- quite gone.\n\n"
    "2\n00:00:02,600 --> 00:00:04,000\n[door slams]\n\n"
    "3\n00:00:20,000 --> 00:00:21,000\n{\\an8}And nobody knew.\n"
)
VTT = (
    "WEBVTT\n\nNOTE made by hand\n\n00:01.000 --> 00:02.500 align:start\n<v Ann>The boats were gone,\n\n"
    "intro\n00:02.500 --> 00:03.000\nThe boats were gone,\nquite &amp; gone.\n"
)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("source", "text"),
    [
        (SRT, "The boats were gone,\nquite gone.\n\nAnd nobody knew."),
        (VTT, "The boats were gone,\nquite & gone."),
    ],
)
def test_what_is_said(source, text, line_end):
    found, (warning,) = text_of(source.replace("\n", line_end).encode(), "film")
    assert found == text
    assert "the words of several" in warning
