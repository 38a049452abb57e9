"""Files of every readable format, as bytes."""

import io
import zipfile
import zlib

ODF = "urn:oasis:names:tc:opendocument:xmlns"


def zipped(members, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def unzipped(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def word(body, **parts):
    """A .docx whose body is this XML, with ``footnotes`` and others beside it."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def relations(targets):
        inside = "".join(
            f'<Relationship Id="r{at}" Type="{office}/{kind}" Target="{target}"/>'
            for at, (kind, target) in enumerate(targets.items())
        )
        return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inside}</Relationships>'

    def part(root, inside):
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><w:{root} xmlns:w="{space}" xmlns:mc="urn:mc">{inside}</w:{root}>'
        )

    return zipped(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": relations({"officeDocument": "word/document.xml"}),
            "word/document.xml": part("document", f"<w:body>{body}</w:body>"),
            "word/_rels/document.xml.rels": relations({kind: f"{kind}.xml" for kind in parts}),
        }
        | {f"word/{kind}.xml": part(kind, inside) for kind, inside in parts.items()}
    )


def open_document(body, **members):
    """An .odt whose text is this XML."""
    spaces = " ".join(f'xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "text", "table", "drawing"))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} xmlns:svg="{ODF}:svg-compatible:1.0">'
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content} | members)


def epub(chapters, spine, **members):
    """An .epub with chapters of this XHTML by name, in this order."""
    items = "".join(f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in chapters)
    references = "".join(f'<itemref idref="{name}"/>' for name in spine)
    contents = '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    package = (
        f'<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}{contents}</manifest>'
        f'<spine><itemref idref="nav"/>{references}</spine></package>'
    )
    container = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    texts = {
        f"OPS/{name}.xhtml": f"<?xml version='1.0'?><html><body>{xml}</body></html>" for name, xml in chapters.items()
    }
    return zipped(
        {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "OPS/book.opf": package}
        | {"OPS/nav.xhtml": "<html><body>Contents</body></html>"}
        | texts
        | members
    )


def pdf(pages, extra=b""):
    """A PDF of pages, each a list of lines from the top; ``extra`` goes into the trailer."""
    streams = [
        b"".join(
            b"BT /F1 11 Tf 72 %d Td (%s) Tj ET\n" % (790 - 14 * at, line.encode("cp1252").replace(b"(", b"\\("))
            for at, line in enumerate(lines)
        )
        for lines in pages
    ]
    return pdf_of_streams(streams, extra)


def pdf_of_streams(streams, extra=b""):
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", font]
    kids = []
    for stream in streams:
        packed = zlib.compress(stream)
        objects.append(b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
            % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    file, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer<</Size %d/Root 1 0 R%s>>" % (len(objects) + 1, extra)
    return file + b"xref\n0 %d\n%s%s\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table, trailer, len(file))
