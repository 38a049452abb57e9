"""Small files that unfold to something large, each made to kill or stop whoever reads it."""

import zlib

from tests.documents.files_made_here import ODF, epub, unzipped, word, zipped


def pdf_of_objects(objects):
    """A PDF of numbered objects, of which the first is its catalogue."""
    file = b"%PDF-1.5\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (at, content) for at, content in objects.items())
    return file + b"trailer<</Size %d/Root 1 0 R>>\n%%%%EOF" % (max(objects) + 1)


def _stream(packed, about=b"/Filter/FlateDecode"):
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(packed), about, packed)


def _page(contents, resources=b""):
    return {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 4 0 R>>%s>>/Contents 5 0 R>>"
        % resources,
        4: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        5: contents,
    }


def nested_forms(depth=9, times=10):
    """A PDF of 2 kB in which each form draws the next ``times`` times: ``times ** depth`` calls."""
    objects = _page(_stream(zlib.compress(b"/X0 Do")), b"/XObject<</X0 10 0 R>>")
    for level in range(depth + 1):
        below = b"/XObject<</X%d %d 0 R>>" % (level + 1, 11 + level) if level < depth else b""
        about = (
            b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</Font<</F 4 0 R>>%s>>/Filter/FlateDecode" % below
        )
        drawn = b"/X%d Do " % (level + 1) * times if level < depth else b"BT /F 1 Tf (a)Tj ET"
        objects[10 + level] = _stream(zlib.compress(drawn), about)
    return pdf_of_objects(objects)


def many_text_operators(megabytes=20):
    """A PDF of some ten kB whose page shows a letter again and again."""
    return pdf_of_objects(_page(_stream(zlib.compress(b"BT /F 1 Tf " + b"(a)Tj " * (megabytes * 10**6 // 6) + b"ET"))))


def packed_twice(megabytes=250):
    """A PDF of some kB whose page is spaces, packed and packed again."""
    packer = zlib.compressobj(1)
    once = b"".join(packer.compress(bytes(10**6)) for _ in range(megabytes)) + packer.flush()
    return pdf_of_objects(_page(_stream(zlib.compress(once), b"/Filter[/FlateDecode/FlateDecode]")))


def many_relations(megabytes=60):
    """A .docx of some ten kB that lists parts without a name."""
    members = unzipped(word("<w:p><w:r><w:t>Hello there.</w:t></w:r></w:p>"))
    relations = f"<Relationships>{'<a/>' * (megabytes * 10**6 // 4)}</Relationships>"
    return zipped(members | {"word/_rels/document.xml.rels": relations})


def many_spaces(megabytes=50):
    """An .odt of some ten kB in which each mark stands for a hundred spaces."""
    marks = '<text:s text:c="100"/>' * (megabytes * 10**6 // 22)
    names = f'xmlns:office="{ODF}:office:1.0" xmlns:text="{ODF}:text:1.0"'
    body = f"<office:body><text:p>a{marks}b</text:p></office:body>"
    content = f"<office:document-content {names}>{body}</office:document-content>"
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def many_paragraphs(megabytes=60):
    """An .epub of some ten kB with one chapter, all of it start tags."""
    return epub({"a": "<p>" * (megabytes * 10**6 // 3)}, ["a"])


HOSTILE = {
    "nested_forms.pdf": nested_forms,
    "many_text_operators.pdf": many_text_operators,
    "packed_twice.pdf": packed_twice,
    "many_relations.docx": many_relations,
    "many_spaces.odt": many_spaces,
    "many_paragraphs.epub": many_paragraphs,
}
