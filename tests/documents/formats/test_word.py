"""Word documents: the text a reader sees, in its order."""

import io

import pytest

from detector import InputError
from detector.documents.reading import text_of
from tests.documents.files_made_here import unzipped, word, zipped

pytest.importorskip("defusedxml", reason="documents need pip install 'detect-text[documents]'")


def p(text):
    return f"<w:p>{r(text)}</w:p>"


def r(text):
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def read(body, **parts):
    text, (warning,) = text_of(word(body, **parts), "essay.docx")
    assert "Word document" in warning
    return text


def test_a_file_that_python_docx_wrote():
    docx = pytest.importorskip("docx", reason="its tests need pip install 'detect-text[test]'")
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Running head"
    document.add_heading("The harbour", level=1)
    document.add_paragraph("The boats ").add_run("were gone").bold = True
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ("a1", "b1", "a2", "b2"), strict=True):
        cell.text = text
    document.add_paragraph("First item", style="List Bullet")
    document.add_paragraph("caf\u00e9 \u200bzero, \u0430 look-alike")
    file = io.BytesIO()
    document.save(file)
    text, _ = text_of(file.getvalue(), "named.txt")
    assert text == (
        "The harbour\n\nThe boats were gone\n\na1\tb1\na2\tb2\n\nFirst item\n\ncaf\u00e9 \u200bzero, \u0430 look-alike"
    )
    assert text[text.index("were gone") :][:9] == "were gone"


def test_inserted_passages_are_kept_and_deleted_ones_left_out():
    body = (
        f"<w:p>{r('We ')}<w:ins>{r('will ')}</w:ins><w:del><w:r><w:delText>shall </w:delText></w:r></w:del>"
        f"<w:moveFrom>{r('old ')}</w:moveFrom><w:moveTo>{r('go')}</w:moveTo></w:p>"
    )
    assert read(body) == "We will go"


def test_links_and_form_fields_are_text_and_field_codes_are_not():
    body = (
        f"<w:p><w:hyperlink>{r('link ')}</w:hyperlink><w:sdt><w:sdtContent>{r('form ')}</w:sdtContent></w:sdt>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r>" + r("7") + "</w:p>"
    )
    assert read(body) == "link form 7"


def test_tabs_breaks_and_hyphens():
    tabs = "<w:pPr><w:tabs><w:tab/></w:tabs></w:pPr>"
    body = (
        f"<w:p>{tabs}<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r></w:p>"
    )
    assert read(body) == "a\tb\nc-d"


def test_hidden_runs_are_left_out():
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret </w:t><w:tab/></w:r>"
    shown = '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>shown</w:t></w:r>'
    assert read(f"<w:p>{r('a ')}{hidden}{shown}</w:p>") == "a shown"


def test_a_hidden_run_is_hidden_behind_a_text_box_in_it():
    box = f"<w:txbxContent>{p('box')}</w:txbxContent>"
    body = f"<w:p><w:r><w:rPr><w:vanish/></w:rPr>{box}<w:t>no</w:t></w:r>{r('yes')}</w:p>"
    assert read(body) == "yes\n\nbox"


WHITE = '<w:color w:val="FFFFFF"/>'


def looks(look, text="secret words "):
    return f"<w:r><w:rPr>{look}</w:rPr><w:t>{text}</w:t></w:r>"


@pytest.mark.parametrize("look", [WHITE, '<w:color w:val="ffffff"/>', '<w:sz w:val="2"/>', '<w:sz w:val="1"/>'])
def test_invisible_letters_are_left_out_and_said(look):
    body = f"<w:p>{r('a ')}{looks(look)}{r('b')}</w:p><w:p>{looks(look, 'third')}</w:p>"
    text, (_, warning) = text_of(word(body), "f")
    assert text == "a b"
    assert warning == "3 words in invisible letters were left out."
    assert text_of(word(p("a") + f"<w:p>{looks(look, 'one')}</w:p>"), "f")[1][1].startswith(
        "1 word in invisible letters was"
    )


@pytest.mark.parametrize(
    "look",
    [
        '<w:color w:val="auto"/>',
        '<w:color w:val="000000"/>',
        '<w:sz w:val="20"/>',
        '<w:sz w:val="3"/>',
        '<w:sz w:val="x"/>',
        WHITE + '<w:highlight w:val="black"/>',
        WHITE + '<w:shd w:fill="4472C4"/>',
    ],
)
def test_letters_that_can_be_seen_are_kept(look):
    assert read(f"<w:p>{looks(look)}</w:p>") == "secret words"


def test_white_letters_on_a_coloured_ground_are_kept():
    shaded = f'<w:p><w:pPr><w:rPr>{WHITE}</w:rPr><w:shd w:fill="000000"/></w:pPr>{looks(WHITE)}</w:p>'
    assert read(shaded) == "secret words"
    assert read(f"<w:tbl><w:tr><w:tc><w:p>{looks(WHITE)}</w:p></w:tc></w:tr></w:tbl>") == "secret words"
    assert read(f"<w:p><w:txbxContent><w:p>{looks(WHITE)}</w:p></w:txbxContent></w:p>") == "secret words"
    assert read(f'<w:background w:color="112233"/><w:p>{looks(WHITE)}</w:p>') == "secret words"


def test_a_text_box_stands_once_behind_its_paragraph():
    box = f"<w:txbxContent>{p('box one')}{p('box two')}</w:txbxContent>"
    body = (
        f"<w:p>{r('before ')}<w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        f"</mc:AlternateContent></w:r>{r('after')}</w:p>{p('next')}"
    )
    assert read(body) == "before after\n\nbox one\n\nbox two\n\nnext"


def test_nested_tables_are_read_in_order():
    def table(*cells):
        return "<w:tbl><w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr></w:tbl>"

    assert read(table(p("a"), p("b") + table(p("c"), p("d")) + p("e"), p("f")) + p("end")) == (
        "a\tb\n\nc\td\n\ne\tf\n\nend"
    )


def test_notes_stand_at_the_end_and_comments_nowhere():
    text = read(
        p("Body"),
        comments=f"<w:comment>{p('no')}</w:comment>",
        endnotes=f"<w:endnote>{p('End note')}</w:endnote>",
        footnotes=f"<w:footnote><w:p><w:separator/></w:p></w:footnote><w:footnote>{p('Foot note')}</w:footnote>",
    )
    assert text == "Body\n\nFoot note\n\nEnd note"


def test_fifty_thousand_paragraphs_and_elements_nested_as_deep():
    assert read(p("word") * 50_000).count("word") == 50_000
    assert read("<w:sdt>" * 50_000 + p("deep") + "</w:sdt>" * 50_000) == "deep"


@pytest.mark.parametrize(
    "declared", ['<!ENTITY a "aaa">', '<!ENTITY a SYSTEM "file:///etc/hostname">', '<!ENTITY % a SYSTEM "file:///x">']
)
def test_entities_are_refused(declared):
    members = unzipped(word(p("text")))
    evil = f"<!DOCTYPE d [{declared}]><d><p><r><t>x</t></r></p></d>"
    with pytest.raises(InputError, match=r"damaged.*\(it declares entities, which are not resolved\)"):
        text_of(zipped(members | {"word/document.xml": evil}), "f")


def test_the_document_that_the_file_names_is_read():
    members = unzipped(word(p("here")))
    members["word/other.xml"] = members.pop("word/document.xml")
    moved = {"_rels/.rels": members["_rels/.rels"].replace(b"word/document.xml", b"/word/other.xml")}
    assert text_of(zipped(members | moved), "f")[0] == "here"
    with pytest.raises(InputError, match="without a text"):
        text_of(zipped({"[Content_Types].xml": "", "word/x.xml": ""}), "f")


def test_a_document_with_a_password_is_said_to_have_one():
    locked = b"\xd0\xcf\x11\xe0" + bytes(500) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(InputError, match="password"):
        text_of(locked, "f.docx")
    with pytest.raises(InputError, match=r"old Office file.*\.docx"):
        text_of(b"\xd0\xcf\x11\xe0" + bytes(500), "f.doc")


@pytest.mark.parametrize(
    ("member", "data"),
    [
        ("chunk.html", "<html><body><p>It rained.</p></body></html>"),
        ("chunk.rtf", r"{\rtf1 It rained.\par}"),
        ("chunk.txt", "It rained."),
        ("chunk.docx", word("<w:p><w:r><w:t>It rained.</w:t></w:r></w:p>")),
    ],
)
def test_text_taken_in_by_reference_stands_where_it_belongs(member, data):
    body = f"{p('Before.')}<w:altChunk xmlns:r='urn:r' r:id='c1'/>{p('Behind.')}"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="c1" '
        f'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/aFChunk" Target="{member}"/>'
        "</Relationships>"
    )
    members = unzipped(word(body)) | {"word/_rels/document.xml.rels": relations, f"word/{member}": data}
    text, (_,) = text_of(zipped(members), "essay.docx")
    assert text == "Before.\n\nIt rained.\n\nBehind."
    del members[f"word/{member}"]
    text, (_, not_read) = text_of(zipped(members), "essay.docx")
    assert text == "Before.\n\nBehind."
    assert not_read == "Not read: 1 part in a format that is not read."


def test_diagrams_and_embedded_objects_are_said():
    embedded = "<w:object><x:OLEObject xmlns:x='urn:o'/></w:object>"
    inside = f"<w:r>{embedded}<w:drawing><d:relIds xmlns:d='urn:d'/></w:drawing></w:r>"
    _, (_, not_read) = text_of(word(f"<w:p>{inside}<w:r><w:t>Text.</w:t></w:r></w:p>"), "essay.docx")
    assert not_read == "Not read: 1 embedded object, 1 diagram."
