import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from detector import Detector
from detector.errors import OutputError
from detector.records.result import Finding, Result, Segment
from detector.report.comparison import comparison_page
from detector.report.evidence_pictures import PICTURES
from detector.report.page import content_policy, report_page
from detector.report.pdf import report_pdf
from detector.report.references import MethodReference, References
from detector.verdict.baseline import Baseline
from tests.conftest import TRAINING_TEXT, make_classifier

HOSTILE = "<script>alert(1)</script></style></title>--><img src=x onerror=alert(2)>\u202egnp\u202c\u200b {{ 7*7 }} "
TEXT = "First.\n\n" + TRAINING_TEXT + "\n\n" + TRAINING_TEXT
VOID = {"meta", "input", "img", "br", "wbr", "link", "rect", "path"}


class Page(HTMLParser):
    """Elements of a page, checked for nesting on the way."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def detector(tiny):
    return Detector(tiny, make_classifier(tiny), alternatives=10)


@pytest.fixture(scope="module")
def result(detector):
    return detector.detect(TEXT, id="x", path="folder/essay.txt")


@pytest.fixture(scope="module")
def hostile(detector):
    found = detector.detect(TEXT.replace("The old", HOSTILE + "The old"), path="dir/<b>" + HOSTILE[:40] + ".txt")
    return replace(found, warnings=(HOSTILE,), findings=(*found.findings, Finding("odd", 8, 12, HOSTILE)))


def pages(results):
    first, second = results
    return [report_page(first), report_page(second), comparison_page(first, second)]


def test_pages_are_well_formed_and_whole(result, hostile):
    for source in pages((result, hostile)):
        page = Page(source)
        assert not page.faults
        assert not page.open
        assert page.all("html") == [{"lang": "en"}]
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        targets = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
        assert targets <= set(ids)
        headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
        assert headings[0] == 1
        assert all(b - a <= 1 for a, b in pairwise(headings))
        assert headings.count(1) == 1


def test_nothing_is_loaded_and_nothing_of_the_text_acts(hostile, result):
    for source in pages((hostile, result)):
        page = Page(source)
        assert len(page.all("script")) == 1
        assert len(page.all("style")) == 1
        assert not {"img", "iframe", "link", "object", "base", "form", "video"} & {tag for tag, _ in page.elements}
        for _, attributes in page.elements:
            assert not [name for name in attributes if name.startswith("on") or name in ("style", "src")]
        assert "http://" not in source
        assert "https://" not in source
        assert not set("\u202e\u202c\u200b") & set(source)
    page = Page(report_page(hostile))
    assert "<script>alert(1)</script></style></title>--><img src=x onerror=alert(2)>" in page.text.replace(
        " ", ""
    ).replace("<imgsrc", "<img src").replace("xonerror", "x onerror")
    assert "49" not in re.sub(r"\d+\.\d+", "", "".join(re.findall(r"\{\{.{0,9}", page.text)))


def test_marks_in_the_first_words_of_a_sentence_cannot_turn_the_tables(detector):
    found = detector.detect(TEXT.replace("The old", "The \u202e\ud800\u200bold"))
    source = report_page(found)
    assert not set("\u202e\ud800\u200b") & set(source)
    assert "<td>The [RLO][U+D800][ZWSP]old" in source


def test_the_policy_allows_the_page_s_own_style_and_script_alone(result):
    source = report_page(result)
    policy = next(a["content"] for a in Page(source).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    for tag in ("style", "script"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert content_policy("a", "b") != content_policy("a", "c")


def test_the_page_says_what_the_issue_is(result):
    page = Page(report_page(result))
    for words in (
        "A score is not proof.", "p-value", "95 % interval", "words", "What the false-alarm promise means",
        "How to read this", "AUROC", "Calibration", result.model_fingerprint, "of 1,000 texts that people wrote",
    ):  # fmt: skip
        assert words in page.text, words
    assert dict(page.elements)["main"]["id"] == "report"
    figures = [a["id"] for a in page.all("figure")]
    assert figures == [f"picture-{name}" for name in PICTURES]
    assert len([a for a in page.all("details") if a.get("class") == "data"]) == len(figures)
    views = [a["id"] for a in page.all("input")]
    assert views == ["view-evidence", "view-rank", "view-surprise", "view-fraction"]
    assert [a["id"] for a in page.all("input") if "checked" in a] == ["view-evidence"]
    assert {a["for"] for a in page.all("label")} == set(views)
    for method in result.methods:
        assert method.replace("_", " ") in page.text


def test_no_word_of_guilt_and_no_percentage_of_machine(result, hostile):
    for verdict in ("human", "machine", "mixed", "inconclusive"):
        shown = report_page(replace(result, verdict=verdict))
        text = Page(re.sub(r'<div id="text".*?<div id="tip"', "", shown, flags=re.DOTALL))
        text = "|".join(words.strip() for words in text.words).lower()
        for word in ("cheat", "guilt", "plagiar", "dishonest", "suspect", "caught", "offen", "misconduct", "fraud"):
            assert word not in text, word
        assert not re.search(r"\d ?% (machine|ai|generated|human)\b", text)
        assert not re.search(r"(machine|ai|human)[- ]written[^.]{0,20}\d ?%", text)


def test_the_share_of_machine_parts_is_named_as_such(result):
    parts = (
        Segment(0, 75, "human", "human", -3, 0.1, 0.01),
        Segment(75, 100, "machine", "machine", 3, 0.9, 0.0001),
    )
    page = Page(report_page(replace(result, verdict="mixed", segments=parts)))
    assert "In parts that read like machine text 30 %" in page.text  # 6 of 20 words
    assert "below 0.001" in page.text


def test_parts_are_said_below_the_verdict_whatever_it_is_and_told_behind_the_text(result):
    at = TEXT.index(TRAINING_TEXT)
    parts = (
        Segment(0, at, "uncertain", "human", -3, 0.1, 0.2),
        Segment(at, len(TEXT), "machine", "machine", 3, 0.9, 0.0001),
    )
    for verdict in ("human", "machine", "mixed", "inconclusive"):
        page = Page(report_page(replace(result, verdict=verdict, segments=parts)))
        assert not page.faults
        said = "Mostly machine-like: paragraphs 2 to 3 (99 % of the words); paragraph 1 leans human, undecided (1 %)."
        places = [page.text.index(words) for words in (said, "A score is not proof", "¶ 1", "A part is said to read")]
        assert places == sorted(places)
        assert "leans human, undecided (few words)" in page.text
    assert "parts-said" not in report_page(result).split("</style>")[1]


def test_two_thousand_parts_are_capped_and_counted(result):
    edges = np.linspace(0, len(TEXT), 2001).astype(int)
    parts = tuple(
        Segment(int(a), int(b), "uncertain", side, 0.0, 0.5, 0.5)
        for a, b, side in zip(edges, edges[1:], ["human", "machine"] * 1000, strict=False)
    )
    source = report_page(replace(result, segments=parts))
    assert "And 1960 more parts" in source
    assert "2000 runs of sentences that lean to one side" in source


def test_the_first_words_of_a_part_are_made_safe(detector):
    text = TEXT.replace("The old", HOSTILE + "The old")
    found = detector.detect(text)
    at = text.index(HOSTILE)
    parts = (Segment(0, at, "human", "human", -1, 0.3, 0.2), Segment(at, len(text), "machine", "machine", 1, 0.7, 0.2))
    source = report_page(replace(found, segments=parts))
    assert "<script>alert" not in source
    assert not set("\u202e\u202c\u200b") & set(source)


def test_without_a_verdict_the_page_says_what_is_needed():
    source = report_page(Result.unscored("too_short", "About 20 more words are needed.", id="x", model_name="m"))
    page = Page(source)
    assert "No verdict" in page.text
    assert "About 20 more words are needed." in page.text
    assert not page.faults
    assert not page.all("figure")
    assert "This page holds the text" not in page.text  # for it does not


def test_a_text_without_a_verdict_is_shown_marked_and_unshaded(detector):
    text = (
        f"First <b>line</b> \u201c{'Some other words. ' * 12}\u201d\n\nB\u0430d one\u200b \u202eturned.\n\n{'x' * 500}"
    )
    found = detector.detect(text)
    assert found.verdict == "unscored"
    assert found.text == text
    assert "text" not in found.to_dict()
    assert found == replace(found, text="")
    source = report_page(found)
    page = Page(source)
    assert not page.faults
    assert source.count('class="para"') == 3
    assert "First &lt;b&gt;line&lt;/b&gt;" in source
    assert not set("\u202e\u200b") & set(source)
    assert '<span class="flag">\u0430</span>' in source
    assert re.search(r'<span class="flag"><b class="mark"[^>]*>ZWSP</b></span>', source)
    assert '<span class="quoted">' in source
    assert f"{'x' * 40}<wbr>" in source
    assert '<span class="t' not in source  # no token is shaded
    assert "This page holds the text" in page.text
    targets = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert targets <= {attributes["id"] for _, attributes in page.elements if "id" in attributes}


def test_the_verdict_is_said_once_and_the_rest_waits_behind_disclosure(result):
    page = Page(report_page(result))
    assert page.text.count("Reads like machine text") == 1
    assert "It reads like" not in page.text
    behind = [a["id"] for a in page.all("details") if a.get("class", "").startswith("more")]
    assert behind == ["numbers", "pictures", "reasons", "methods", "token-table", "how-to-read", "colophon"]
    assert not [a for a in page.all("details") if "open" in a]
    sections = [a["id"] for a in page.all("section")]
    assert sections == ["verdict", "the-text"]


def test_a_text_without_a_verdict_is_told_in_short(detector):
    scored, short = (Page(report_page(detector.detect(text))).text for text in (TEXT, "Back at four. The key is here."))
    assert "A verdict needs English prose" in short
    for words in ("What the verdict says", "nats", "A score is not proof"):
        assert words in scored
        assert words not in short


def test_statistics_that_tell_little_fold_away(result, monkeypatch):
    strong, weak = (MethodReference(auroc, [1.0, 1.5, 2.0], [1.1, 1.6, 2.1]) for auroc in (0.71, 0.48))
    found = References("tiny", result.model_fingerprint, 7, 8, 9, 9, {}, {"lrr": strong, "rank": weak}, 0.95)
    monkeypatch.setattr("detector.report.page.references_for", lambda _: found)
    source = report_page(result)
    folded = source[source.index("more that tell little under this model (AUROC below 0.6)") :]
    assert "0.48" in folded
    assert "0.71" in source
    assert "0.71" not in folded


def test_another_model_has_no_references_and_the_page_says_so(result):
    assert "No reference texts were measured for this model" in Page(report_page(result)).text


def test_references_are_shown_where_they_belong(result, monkeypatch):
    row = MethodReference(0.71, [1.0, 1.5, 2.0], [1.1, 1.6, 2.1])
    known = {"lrr": row, "lastde_plus_plus": row}
    found = References("tiny", result.model_fingerprint, 7, 8, 3002, 2743, {}, known, 0.95)
    monkeypatch.setattr("detector.report.page.references_for", lambda _: found)
    page = Page(report_page(result))
    assert "1 to 2" in page.text
    assert page.text.count("0.71") == 2
    assert "lastde plus plus" in page.text  # needs more than one pass, so it is known and not computed
    assert "3,002 human and 2,743 machine texts" in page.text


def test_names(result):
    assert "<h1>essay.txt</h1>" in report_page(result)
    assert "<h1>Mine</h1>" in report_page(result, name="Mine")
    assert "<h1>&lt;b&gt;[RLO]</h1>" in report_page(result, name="<b>\u202e")
    hidden = report_page(replace(result, warnings=("folder/essay.txt was odd",)), anonymous=True)
    assert "essay" not in hidden
    assert "folder" not in hidden


def test_links_are_for_the_screen(result):
    assert ">Another</a>" in report_page(result, links=[("Another", "/")])
    assert 'class="links' not in report_page(result)


def test_the_same_page_twice(result, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert report_page(result) == report_page(result)
    assert "14 November 2023" in report_page(result)


def test_a_baseline_is_told(result):
    baseline = Baseline(9, 100, 1.0, 1.0, None, (), "It stands among them.")
    assert "It stands among them." in report_page(replace(result, baseline=baseline))


def test_a_result_knows_its_page_and_its_card(result):
    assert result.to_html(name="N") == report_page(result, name="N")
    shown = result._repr_html_()
    assert type(shown) is str
    assert "<svg" in shown
    assert not Page(shown).faults
    short = Result.unscored("empty", "The text is <empty>.", id="<x>")._repr_html_()
    assert "&lt;x&gt;" in short
    assert "&lt;empty&gt;" in short


def test_alternatives_change_nothing_but_the_alternatives(detector, tiny, result):
    plain = Detector(tiny, make_classifier(tiny)).detect(TEXT, id="x", path="folder/essay.txt")
    assert json.dumps(plain.to_dict()) == json.dumps(result.to_dict())
    assert plain.evidence.choice_texts == {}
    top = result.evidence.scores.top_ids
    assert top.shape[1] == 10
    assert set(result.evidence.choice_texts) == set(np.unique(top).tolist())
    assert not Page(report_page(plain)).faults


def test_ten_thousand_paragraphs(result):
    many = replace(result.evidence, text=TEXT + "\n\nx" * 10_000)
    source = report_page(replace(result, evidence=many))
    assert source.count('class="para"') == 10_003
    assert 'class="text long"' in source


def test_a_pdf_without_its_library_teaches(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    with pytest.raises(OutputError, match=r"pip install 'detect-text\[pdf\]'.*print it from the browser"):
        report_pdf("<p>x</p>")


def test_what_waits_behind_disclosure_is_not_printed_unless_meant_to_be(result, monkeypatch):
    printed = []

    class Document:
        def __init__(self, string, url_fetcher):
            printed.append(string)

        def write_pdf(self):
            return b"%PDF-"

    weasyprint = pytest.importorskip("weasyprint")
    monkeypatch.setattr(weasyprint, "HTML", Document)
    nats = np.sin(np.arange(len(result.evidence.spans)))
    leaning = replace(result, evidence=replace(result.evidence, token_evidence=nats))
    weak = {"rank": MethodReference(0.48, [1.0, 1.5, 2.0], [1.1, 1.6, 2.1])}  # folds away within what is left out
    found = References("tiny", result.model_fingerprint, 7, 8, 9, 9, {}, weak, 0.95)
    monkeypatch.setattr("detector.report.page.references_for", lambda _: found)
    page = report_page(leaning)
    report_pdf(page)
    assert not Page(printed[0]).faults
    behind = [a["id"] for a in Page(printed[0]).all("details") if a.get("class", "").startswith("more")]
    assert behind == ["numbers", "pictures", "how-to-read", "colophon"]
    for side in ("h1", "h2", "m1", "m2"):  # every mark of evidence is on paper, whatever the rank of its word
        marks = re.compile(rf'<span class="t[^"]* {side}["\s]')
        assert len(marks.findall(printed[0])) == len(marks.findall(page)) > 0


def test_a_pdf_is_made_of_the_page_and_loads_nothing(recwarn):
    pytest.importorskip("weasyprint")
    page = "<html><body><p>Words</p><img src='file:///etc/hostname'><script>1</script></body></html>"
    assert report_pdf(page).startswith(b"%PDF-")


@pytest.mark.slow
def test_a_pdf_of_240_words_has_three_pages_at_most_with_numbers_and_none_empty(detector):
    pytest.importorskip("weasyprint")
    import pypdfium2

    words = (TRAINING_TEXT + " ") * 6
    text = "\n\n".join(" ".join(words.split()[at : at + 60]) for at in range(0, 240, 60))
    found = detector.detect(text)
    parts = (
        Segment(0, 400, "human", "human", -3, 0.1, 0.01),
        Segment(400, len(text), "machine", "machine", 3, 0.9, 0.0001),
    )
    noted = replace(found, verdict="mixed", segments=parts, warnings=("The encoding was guessed.",))
    with pypdfium2.PdfDocument(report_pdf(report_page(noted))) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    assert len(pages) <= 3
    for number, page in enumerate(pages, start=1):
        assert f"{number} of {len(pages)}" in page
        assert len(page.split()) > 60
