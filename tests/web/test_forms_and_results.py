"""From the form to the report, its downloads, and its end."""

import csv
import html
import io
import json
import re
from pathlib import Path

import openpyxl
import pytest
from starlette.testclient import TestClient

import detector
from detector.web.app import create_app
from detector.web.forms import SAMPLES
from detector.web.limits import Limits
from tests.web.conftest import BASE, BROWSER, LIMITS, LONG, until

ROOT = Path(detector.__file__).parents[1]


def hand_in(client, path="/", **sent):
    """Where the result will be."""
    if "files" not in sent:
        sent = {"files": {}, **sent}
    answer = client.post(path, **sent)
    assert answer.status_code == 303, answer.text
    assert re.fullmatch(r"/results/[\w-]{24}", answer.headers["location"])
    return answer.headers["location"]


def wait_for(client, where):
    until(lambda: client.get(f"{where}/state").json()["state"] == "done")
    return client.get(where)


def test_paste_then_report(browser):
    page = wait_for(browser, hand_in(browser, data={"text": LONG}))
    assert page.status_code == 200
    assert 'id="report"' in page.text
    assert "Pasted text" in page.text
    # the report brings a policy of its own, with hashes; the header must not forbid what that allows
    assert page.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert "Content-Security-Policy" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_the_page_is_sent_as_it_is_to_those_who_cannot_unpack(browser):
    where = hand_in(browser, data={"text": LONG})
    packed = wait_for(browser, where)
    plain = browser.get(where, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text


def test_the_downloads_are_the_same_result(browser, judge):
    where = hand_in(browser, files={"file": ("C:\\texts\\My \u00e9ssay.v2.txt", LONG.encode())})
    wait_for(browser, where)
    record = browser.get(f"{where}/1/result.json")
    assert record.json() == json.loads(json.dumps(judge.detect(LONG, "My \u00e9ssay.v2.txt").to_dict()))
    assert record.headers["content-disposition"] == 'attachment; filename="my-essay-v2-report.json"'
    page = browser.get(f"{where}/1/report.html")
    assert page.headers["content-disposition"] == 'attachment; filename="my-essay-v2-report.html"'
    assert page.headers["content-type"].startswith("text/html")
    assert "/results/" not in page.text  # a file of its own, without the app's links
    assert 'id="report"' in page.text


def test_a_document_is_taken_and_its_reading_is_told(browser):
    where = hand_in(browser, files={"file": ("essay.html", f"<!doctype html><nav>No</nav><p>{LONG}</p>".encode())})
    assert "taken from a web page" in wait_for(browser, where).text
    assert ".docx,.odt,.pdf" in browser.get("/").text


def test_the_pdf_is_made_of_the_same_page(browser, monkeypatch):
    where = hand_in(browser, data={"text": LONG})
    wait_for(browser, where)
    monkeypatch.setattr("detector.web.downloads.report_pdf", lambda html: b"%PDF " + html.encode())
    answer = browser.get(f"{where}/1/report.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF ")
    assert answer.content[5:] == browser.get(f"{where}/1/report.html").content


def test_without_the_pdf_library_a_sentence_says_what_to_do(browser, monkeypatch):
    from detector import OutputError

    def missing(html):
        raise OutputError("PDF needs WeasyPrint: pip install 'detect-text[pdf]'.")

    monkeypatch.setattr("detector.web.downloads.report_pdf", missing)
    where = hand_in(browser, data={"text": LONG})
    wait_for(browser, where)
    answer = browser.get(f"{where}/1/report.pdf")
    assert answer.status_code == 501
    assert "print function" in answer.text


def test_a_long_text_has_no_pdf_and_is_told_of_the_print_function(browser, monkeypatch):
    monkeypatch.setattr("detector.web.presented.MOST_PDF_WORDS", len(LONG.split()) - 1)
    where = hand_in(browser, data={"text": LONG})
    assert "report.pdf" not in wait_for(browser, where).text
    answer = browser.get(f"{where}/1/report.pdf")
    assert answer.status_code == 413
    assert "print function" in answer.text


def test_two_texts_are_compared_and_each_has_its_report(browser):
    other = LONG.replace("harbour", "garden")
    where = hand_in(browser, "/compare", data={"text_1": LONG}, files={"file_2": ("b.txt", other.encode())})
    page = wait_for(browser, where)
    assert "First text" in page.text
    assert "b.txt" in page.text
    assert "harbour" in browser.get(f"{where}/1").text
    assert "garden" in browser.get(f"{where}/2").text
    lines = browser.get(f"{where}/results.jsonl").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["First text", "b.txt"]
    alone = browser.get(f"{where}/comparison.html")
    assert alone.headers["content-disposition"] == 'attachment; filename="comparison-report.html"'
    assert "/results/" not in alone.text
    assert browser.get(f"{where}/3").status_code == 404
    assert browser.get(f"{where}/0/result.json").status_code == 404


def test_the_compared_texts_stand_side_by_side(browser):
    other = LONG.replace("harbour", "garden")
    page = wait_for(browser, hand_in(browser, "/compare", data={"text_1": LONG, "text_2": other}, files={})).text
    first, second = re.findall(r'<div class="marked".*?</div>', page, re.DOTALL)
    assert "harbour" in plain(first)
    assert "garden" in plain(second)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def plain(marked):
    return re.sub("<[^>]+>", "", marked)


def test_several_files_make_a_set_with_its_tables(browser):
    files = [("file", ("a.txt", LONG.encode())), ("file", ("=b.txt", LONG[40:].encode()))]
    files += [("file", ("photo.png", b"\x89PNG\r\n")), ("file", ("short.txt", b"The boats were gone."))]
    where = hand_in(browser, files=files)
    page = wait_for(browser, where)
    assert 'id="class-set"' in page.text
    assert [f"{where}/{n}" in page.text for n in (1, 2, 3, 4, 5)] == [True] * 4 + [False]
    assert "Back to all texts" in browser.get(f"{where}/2").text
    assert browser.get(f"{where}/comparison.html").status_code == 404
    table = browser.get(f"{where}/results.csv")
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"), newline="")))
    assert [row["text"] for row in rows] == ["a.txt", "'=b.txt", "photo.png", "short.txt"]
    assert [row["reason"] for row in rows] == ["", "", "unreadable", "too_short"]
    sheet = openpyxl.load_workbook(io.BytesIO(browser.get(f"{where}/results.xlsx").content)).active
    assert [cell.value for cell in sheet["A"]] == ["text", "a.txt", "=b.txt", "photo.png", "short.txt"]


def test_a_set_of_nothing_readable_is_a_sentence(browser):
    answer = browser.post("/", files=[("file", (f"{i}.png", b"\x89PNG\r\n")) for i in range(2)])
    assert answer.status_code == 415
    assert "PNG" in answer.text


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_stands_in_the_field_and_is_one_of_the_samples(browser, name):
    text = (ROOT / "datasets" / "samples" / f"{name}.txt").read_text(encoding="utf-8")
    page = browser.get(f"/?sample={name}").text
    assert html.escape(text.splitlines()[0]) in page
    assert (ROOT / "detector" / "web" / "samples" / f"{name}.txt").read_text(encoding="utf-8") == text
    assert "root:" not in browser.get("/?sample=../../../../../etc/passwd").text


def test_a_text_without_verdict_has_a_page_too(browser):
    page = wait_for(browser, hand_in(browser, data={"text": "The boats were gone."}))
    assert 'data-verdict="unscored"' in page.text


def test_line_ends_of_a_form_are_not_the_texts(browser):
    # browsers send CR LF for every line end of a text field
    text = "Bo\u200bats. " + LONG.replace("? ", "?\r\n") + "\r\nBo\u200bats."
    where = hand_in(browser, data={"text": text})
    wait_for(browser, where)
    findings = browser.get(f"{where}/1/result.json").json()["findings"]
    given = text.replace("\r\n", "\n")
    assert [finding["start_char"] for finding in findings] == [given.index("\u200b"), given.rindex("\u200b")]


def test_marks_that_turn_letters_around_are_shown_in_a_name(browser):
    where = hand_in(browser, files={"file": ("essay\u202etxt.exe", LONG.encode())})
    for page in (browser.get(f"{where}/forget"), wait_for(browser, where)):
        assert "\u202e" not in page.text


def test_markup_in_names_and_texts_is_shown_and_does_nothing(browser):
    evil = "</textarea></style><script>alert(1)</script>"
    where = hand_in(browser, files={"file": (evil, f"{evil} {LONG}".encode())})
    for page in (browser.get(where), wait_for(browser, where), browser.get(f"{where}/forget")):
        assert "<script>alert" not in page.text
    again = browser.post("/compare", data={"text_1": evil}, files={})
    assert again.status_code == 422
    assert "&lt;script&gt;alert(1)" in again.text
    assert "<script>alert" not in again.text


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"data": {"text": ""}}, 422, "There is no text"),
        ({"data": {"text": " \r\n "}}, 422, "There is no text"),
        ({"files": {"file": ("", b"")}}, 422, "There is no text"),
        ({"files": {"file": ("empty.txt", b"")}}, 422, "There is no text"),
        ({"data": {"text": "a" * 20_001}}, 413, "--max-characters"),
        ({"files": {"file": ("big.txt", b"a" * 200_001)}}, 413, "--max-megabytes"),
        ({"files": {"file": ("secret.pdf", b"%PDF-1.7 /Encrypt 2 0 R")}}, 415, "is a PDF"),
        ({"files": {"file": ("photo.png", b"\x89PNG\r\n")}}, 415, "PNG"),
        ({"files": {"file": ("data.bin", b"a\x00b")}}, 415, "NUL"),
        ({"json": {"text": LONG}}, 415, "multipart/form-data"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "damaged"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 400, "damaged"),
        ({"data": {f"field{i}": "x" for i in range(20)}}, 400, "damaged"),
        ({"files": [("file", (f"{i}.txt", b"a")) for i in range(9)]}, 413, "--max-texts"),
    ],
)
def test_bad_forms_come_back_with_a_sentence(browser, sent, status, words):
    answer = browser.post("/", **sent)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert words in answer.text.replace("&#39;", "'")
    assert "<form" in answer.text
    assert browser.app.state.queue.n_waiting == len(browser.app.state.kept) == 0


def test_programs_get_json_from_the_form_too(client):
    answer = client.post("/", data={"text": ""})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "empty_text")


def test_the_pasted_text_is_still_there_after_a_mistake(browser):
    answer = browser.post("/compare", data={"text_1": "a <b> of mine", "text_2": ""}, files={})
    assert "a &lt;b&gt; of mine" in answer.text


def test_a_large_upload_never_touches_the_disk(judge, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    with TestClient(create_app(judge, Limits(characters=3_000_000)), base_url=BASE, headers=BROWSER) as browser:
        files = {"file": ("big.txt", b"a" * 1_500_000)}  # beyond what form parsers keep in memory
        where = hand_in(browser, files=files, follow_redirects=False)
        assert 'data-verdict="unscored"' in wait_for(browser, where).text


def test_progress_shows_the_place_in_the_queue_then_the_share(held):
    with TestClient(create_app(held, LIMITS), base_url=BASE, headers=BROWSER, follow_redirects=False) as browser:
        first = hand_in(browser, data={"text": LONG})
        assert held.has_begun.wait(30)
        second, third = (hand_in(browser, data={"text": LONG}) for _ in range(2))
        assert browser.get(f"{first}/state").json() == {"state": "scoring", "share_scored": 0.0}
        assert browser.get(f"{third}/state").json() == {"state": "waiting", "position": 2}
        page = browser.get(third)
        assert "Number 2 in the queue." in page.text
        assert f'data-state-of="{third}/state"' in page.text
        assert 'http-equiv="refresh"' in page.text  # without a script
        early = browser.get(f"{third}/1/result.json", headers={"accept": "application/json"})
        assert (early.status_code, early.json()["error"]["code"]) == (409, "not_ready")
        assert browser.post(f"{second}/forget").status_code == 303
        assert browser.get(f"{third}/state").json() == {"state": "waiting", "position": 1}
        held.may_go_on.set()
        assert 'id="report"' in wait_for(browser, third).text
        assert browser.get(second).status_code == 404


def test_a_full_queue_is_a_page_that_keeps_the_text(held):
    app = create_app(held, Limits(waiting=1, kept_results=5))
    with TestClient(app, base_url=BASE, headers=BROWSER, follow_redirects=False) as browser:
        hand_in(browser, data={"text": LONG})
        assert held.has_begun.wait(30)
        hand_in(browser, data={"text": LONG})
        refused = browser.post("/", data={"text": LONG}, files={})
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert "The old man walked" in refused.text
        held.may_go_on.set()


def test_forgetting_asks_and_then_forgets(browser):
    where = hand_in(browser, data={"text": LONG})
    wait_for(browser, where)
    assert "<form" in browser.get(f"{where}/forget").text
    assert browser.head(f"{where}/forget").status_code == 200
    assert browser.get(where).status_code == 200  # asking is not yet forgetting
    done = browser.post(f"{where}/forget")
    assert "forgotten" in browser.get(done.headers["location"]).text
    for path in ("", "/1", "/state", "/forget", "/results.jsonl", "/1/report.html", "/1/result.json"):
        gone = browser.get(where + path)
        assert gone.status_code == 404
        assert "harbour" not in gone.text
    assert browser.post(f"{where}/forget").status_code == 404


def test_results_are_found_by_their_id_alone(browser):
    where = hand_in(browser, data={"text": LONG})
    wait_for(browser, where)
    for key in ("x", where[9:-1], where[9:] + "a", where[9:].swapcase()):
        assert browser.get(f"/results/{key}").status_code == 404


def test_a_failure_is_shown_on_the_results_page(browser, monkeypatch, capsys):
    def broken(*args, **kwargs):
        raise RuntimeError(LONG)

    monkeypatch.setattr("detector.web.presented.report_page", broken)
    page = wait_for(browser, hand_in(browser, data={"text": LONG}))
    assert page.status_code == 500
    assert "Something went wrong" in page.text
    assert "harbour" not in page.text + capsys.readouterr().err
