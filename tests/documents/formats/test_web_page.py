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
        ("<p hidden>no<b>no<p>yes</p></p>", "yes"),  # as in browsers, a paragraph ends the one before through a <b>
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


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<table><tr><td>a<td hidden>no<tr><td>b<tr><td>c</table>d", "a\nb\nc\n\nd"),
        ("<table><tr><th hidden>no<td>yes</table>", "yes"),
        ("<table><tr hidden><td>no<tr><td>yes</table>", "yes"),
        ("<table><thead hidden><tr><td>no<tbody><tr><td>yes<tfoot hidden><tr><td>no</table>", "yes"),
        ("<table><caption hidden>no<tr><td>yes</table>", "yes"),
        ("<table><tr><td hidden>no<table><tr><td>no<td>no</table>no<td>yes</table>", "yes"),
        ("<ul><li hidden><b>no</b><p>no<li>yes</ul>", "yes"),
        ("<ul><li hidden>no<ul><li>no</ul>no<li>yes</ul>", "yes"),
        ("<dl><dt hidden>no<dd>yes<dd hidden>no<dt>yes</dl>", "yes\nyes"),
        ("<p hidden>no<span>no<h2>yes</h2>", "yes"),
        ("<p hidden>no<table><tr><td>yes</table>", "yes"),
        ("<p hidden>no<button><p>no</p></button>no", ""),
        ("<option hidden>no<option>yes", "yes"),
        ("<div hidden>no<li>no<td>no<p>no<tr>no</div>yes", "yes"),
    ],
)
def test_end_tags_left_out(markup, text):
    assert visible_text(markup) == text


@pytest.mark.parametrize(
    "style",
    [
        "opacity:0",
        "OPACITY : 0.0;color:red",
        "opacity:.0",
        "opacity:0%",
        "font-size:0",
        "font-size: 0px",
        "font-size:0.0em",
        "text-indent:-9999px",
        "text-indent: -999em",
        "position:absolute; left:-10000px",
        "visibility:hidden",
    ],
)
def test_styles_that_hide(style):
    assert visible_text(f"<p>a <span style='{style}'>no<b>no</b></span>b") == "a b"


@pytest.mark.parametrize(
    "style",
    [
        "opacity:0.5",
        "opacity:.05",
        "opacity:1.0",
        "fill-opacity:0",
        "font-size:0.5em",
        "font-size:10px",
        "text-indent:-20px",
        "margin-left:-10px",
        "font-size:1em",
        "padding-left:0",
    ],
)
def test_styles_that_do_not_hide(style):
    assert visible_text(f"<p>a <span style='{style}'>yes</span>") == "a yes"


@pytest.mark.parametrize("said", ['title="header"', "dir=ltr title=footer", "TITLE='Header' id=a"])
def test_the_head_of_each_page_as_libreoffice_writes_it_is_left_out(said):
    assert visible_text(f"<div {said}><p>Smith 1</p></div><p>My essay") == "My essay"


@pytest.mark.parametrize("said", ['title="header of it"', 'data-title="header"', "title=headers", "class=header"])
def test_what_only_speaks_of_a_head_is_read(said):
    assert visible_text(f"<div {said}><p>Smith 1</p></div><p>My essay") == "Smith 1\n\nMy essay"


def test_letters_of_no_size_hold_letters_of_some():
    markup = "<div style='font-size:0'>no<i style='font-size:2em'>no</i><p style='font-size:14px'>yes</p>no</div>yes"
    assert visible_text(markup) == "yes\n\nyes"
    assert visible_text("<i style='display:none' style='display:block'>no</i>yes") == "yes"


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


@pytest.mark.parametrize(
    "shape",
    [
        "<{}",
        "</{}",
        "<p {}",
        "<p {}>",
        "<p hidden {}",
        "<p style={}",
        "<p style='{}>",
        '<p style="{}">',
        "<{}>",
        "&{}",
        "<p a='{}",
        "<p style='font-size:{}'>",
        "<!{}",
        "<script>{}",
        "<x:{}",
    ],
)
def test_three_hundred_thousand_letters_end(shape):
    for letters in ("a" * 300_000, "a " * 150_000, "a=" * 150_000, " " * 300_000, "0" * 300_000):
        assert visible_text("<p>yes</p>" + shape.format(letters)).startswith("yes")


@pytest.mark.parametrize("opened", ["<p>", "<li>", "<td>", "<div>", "<b>", "<p><object>", "<ul><b>"])
@pytest.mark.parametrize("then", ["<div></div>", "<li>", "<td>", "<tr>", "<dd>", "<p>", "<tbody>", "<option>"])
def test_elements_open_without_end_end(opened, then):
    """Each start tag looks for what it ends; looking through all that is open would take minutes."""
    assert visible_text("<p>yes" + opened * 10_000 + then * 10_000).startswith("yes")
