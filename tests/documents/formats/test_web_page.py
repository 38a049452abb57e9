"""HTML: the text a browser shows."""

import pytest

from detector.documents.formats.web_page import visible_text
from detector.documents.reading import text_of

PAGE = """<!-- saved --><!DOCTYPE html><html><head><title>Title</title><style>p { color: red }</style></head><body>
<nav><a href="/">Home</a></nav><script>if (a < b) document.write("<p>no</p>")</script>
<h1>The   harbour</h1><p>The <b>boats</b> were
gone.<br>Quite gone.</p><ul><li>One<li>Two</ul>
<table><tr><td>a1<td>b1</tr><tr><td>a2</td><td>b2</td></tr></table>
<template><p>template</p></template><div style="Display : none"><p>hidden</p></div><p hidden>hidden
<p>Caf&eacute;&nbsp;&#x2014; end
</body></html>"""
TEXT = "The harbour\n\nThe boats were gone.\nQuite gone.\n\nOne\nTwo\n\na1\tb1\na2\tb2\n\nCaf\u00e9\u00a0\u2014 end"


def test_what_a_reader_sees_and_nothing_else():
    text, (warning,) = text_of(PAGE.encode(), "essay.txt")
    assert text == TEXT
    assert "web page" in warning


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_page_is_one_in_any_encoding(encoding):
    assert text_of(PAGE.encode(encoding), "page")[0] == TEXT


def test_a_western_encoding_that_the_page_names():
    page = "<html><meta charset=iso-8859-1><p>\u201ccaf\u00e9\u201d"
    assert text_of(page.encode("cp1252"), "f")[0] == "\u201ccaf\u00e9\u201d"
    page = '<?xml version="1.0" encoding="windows-1250"?><html><p>\u0151</p></html>'
    assert text_of(page.encode("cp1250"), "f")[0] == "\u0151"


def test_a_fragment_is_a_page_by_its_name_alone():
    fragment = b"<p>One</p><p>Two</p>"
    assert text_of(fragment, "a.htm")[0] == "One\n\nTwo"
    assert text_of(fragment, "a.txt") == (fragment.decode(), ())
    assert text_of(b"No markup, 1 < 2.", "a.html") == ("No markup, 1 < 2.", ())


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a < b and 1<2 <3", "a < b and 1<2 <3"),
        ("a<b x='>'>b</b>", "ab"),
        ("it<p don't>is", "it\n\nis"),
        ("<div hidden>no<div>no</div>no</div>yes", "yes"),
        ("<li hidden>no<li>yes", "yes"),
        ("<p hidden>no<b>no<p>no</p></p>", ""),  # as in browsers, an open <b> keeps the first paragraph open
        ('<p title="hidden">yes<p class=hidden>yes', "yes\n\nyes"),
        ("</div></p>yes</nav>", "yes"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<textarea>no</textarea><title>no</title>yes", "yes"),
        ("<script>no</scripted></script >yes", "yes"),
        ("yes<script>no", "yes"),
        ("yes<!-- no", "yes"),
        ("yes<a href='no", "yes"),
        ("<svg><text>no</text></svg>yes<?no?>", "yes"),
        ("&#0;&#xD800;&#" + "9" * 9000 + ";&lt;p&gt;", "\ufffd\ufffd\ufffd<p>"),
        ("zero\u200bwidth, \u0430", "zero\u200bwidth, \u0430"),
        ("<script/>no", ""),
        ("<\u00e9>yes", "<\u00e9>yes"),
    ],
)
def test_odd_markup(markup, text):
    assert visible_text(markup) == text


def test_xhtml_closes_elements_by_a_slash_and_holds_character_data():
    assert visible_text("<script src='x'/><title/><p>yes<h:b/> <![CDATA[<1>]]></p>", is_xml=True) == "yes <1>"


@pytest.mark.parametrize(
    "piece",
    ["<", "<!--", "<a ", "<a '", "<a ='", '<a ="', "<a =", "</", "<![CDATA[", "<?", "&", "&#", "<b>", "</b>", "<p>",
     "<b></p>", "<script>", "<script></script>", "<p style='display'>", "<div hidden>", "<p>a</i>", "<table><tr><td>",
     "<p a=' ", "<!-->", " ", "<p hidden =  "],
)  # fmt: skip
def test_whatever_is_repeated_ends(piece):
    """Any of them would take minutes if the time were not linear."""
    visible_text(piece * 8_000)
    visible_text(piece * 8_000 + ">", is_xml=True)
