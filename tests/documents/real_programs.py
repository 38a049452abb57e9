"""Files as real programs write them: python-docx, LibreOffice, Chromium, pandoc."""

import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ESSAY = [
    "My grandmother kept bees behind the railway shed, and every spring she counted the hives twice before she"
    " let anyone come near them. She said that a hive is a town with one rule, and that the rule is never "
    "written down. When I was nine I asked what the rule was, and she told me to listen until I knew it.",
    "I listened for the better part of a summer. The workers came and went, the drones lay about on the "
    "landing board, and once a wasp got in and did not come out again. What I heard was mostly the trains. The"
    " difficult part of listening, it turned out, was the waiting, because nothing in a hive happens for the "
    "person who is looking.",
    "In August the heat came down so hard that the wax went soft in the upper frames. We carried water in "
    "buckets from the station tap and wet the sacking over the roofs. A man from the railway watched us over "
    "the fence for a while and then brought a hose, which was against the regulations, and he said so before "
    "he opened the valve.",
    "Years later I read that bees fan their wings at the entrance to cool the rooms inside, and that they do "
    "it in shifts. Nobody tells them when to start. My sister-in-law, who is an engineer, calls this "
    "self-regulation, and she finds it less efficient than a thermostat; I find it a good deal more polite.",
    "The shed is gone, and the line was closed in the year that I left school. I still count things twice. If "
    "there is a rule in it then I suppose it is the one about the water: you carry it before anyone has asked,"
    " and afterwards you do not mention it.",
]
TITLE = "What the Bees Did Not Say"


TIMES = ("", "second ", "third ", "fourth ")


def essay(times=1):
    """The paragraphs ``times`` over; the second time says "the second bees", so that no line stands there twice."""
    return [paragraph.replace("the ", f"the {TIMES[at]}") for at in range(times) for paragraph in ESSAY]


def essay_docx(double_spaced=False, head=None, columns=1, title=TITLE, times=1, justified=False):
    """The essay as python-docx writes it; ``head`` stands on every page, with its number behind it."""
    docx = pytest.importorskip("docx")
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Liberation Serif", Pt(12)
    style.paragraph_format.space_after = Pt(0)
    style.paragraph_format.line_spacing = 2.0 if double_spaced else 1.0
    if title:
        heading = document.add_paragraph(title)
        heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for paragraph in essay(times):
        added = document.add_paragraph(paragraph)
        added.paragraph_format.first_line_indent = Cm(1.0 if columns == 1 else 0.5)
        if justified:
            added.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    section = document.sections[0]
    if head:
        line = section.header.paragraphs[0]
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        line.add_run(f"{head} ")
        run = line.add_run()
        for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
            part = OxmlElement("w:instrText" if text else "w:fldChar")
            if text:
                part.text = text
            else:
                part.set(qn("w:fldCharType"), kind)
            run._r.append(part)
    if columns > 1:
        found = section._sectPr.xpath("./w:cols")
        cols = found[0] if found else OxmlElement("w:cols")
        cols.set(qn("w:num"), str(columns))
        cols.set(qn("w:space"), "500")
        if not found:
            section._sectPr.append(cols)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def needs(program):
    """Skips without the program, unless it is asked for."""
    is_missing = shutil.which(program) is None and "DETECT_REQUIRE_PROGRAMS" not in os.environ
    return pytest.mark.skipif(is_missing, reason=f"{program} is not installed")


def by_libreoffice(data: bytes, of: str, to: str, folder: Path) -> bytes:
    """A file of one format as LibreOffice writes it in another."""
    source = folder / f"source.{of}"
    source.write_bytes(data)
    subprocess.run(
        [
            *("soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", to),
            *("--outdir", str(folder / "out"), str(source)),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    return (folder / "out" / f"source.{to}").read_bytes()


def printed_by_chromium(page: str, folder: Path) -> bytes:
    """A web page as Chromium prints it."""
    (folder / "page.html").write_text(page, encoding="utf-8")
    printed = folder / "printed.pdf"
    subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"),
            *(f"--user-data-dir={folder}/chromium", f"--print-to-pdf={printed}", f"file://{folder}/page.html"),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return printed.read_bytes()


def by_pandoc(markdown: str, to: str, folder: Path) -> bytes:
    """Markdown as pandoc converts it."""
    converted = folder / f"converted.{to}"
    subprocess.run(
        ["pandoc", "-f", "markdown-smart", "-t", to, "-s", "-o", str(converted)],
        input=markdown.encode(),
        check=True,
        timeout=120,
    )
    return converted.read_bytes()
