"""The HTTP interface gives the commands' records, and a sentence for everything else."""

import html
import json
import re
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
import uvicorn
from starlette.testclient import TestClient

from detector import InputError
from detector.documents.reading_limits import ReadingLimits
from detector.report.tokens.scores import to_record
from detector.scoring import score_texts
from detector.web.app import create_app
from detector.web.limits import Limits
from detector.web.server import Server, bind
from tests.conftest import TRAINING_TEXT
from tests.documents import files_made_here as made
from tests.documents import hostile_files
from tests.web.conftest import BASE, BROWSER, LIMITS, LONG, until

JSON = {"content-type": "application/json"}
BYTES = {"content-type": "application/octet-stream"}


def through_json(record):
    return json.loads(json.dumps(record, allow_nan=False))


def test_detect_gives_the_record_of_the_command(client, judge):
    answer = client.post("/api/detect", json={"text": LONG, "id": "essay-7"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == through_json(judge.detect(LONG, "essay-7").to_dict())


def test_score_gives_the_record_of_the_command(client, tiny):
    answer = client.post("/api/score", json={"text": LONG, "top": 2})
    [scores] = score_texts(tiny, [LONG], top_k=2)
    assert answer.json() == through_json(to_record(scores, LONG, tiny))


def test_disguises_are_undone_for_token_scores_as_for_the_verdict(client):
    plain, disguised = (
        client.post("/api/score", json={"text": text, "top": 0}).json() for text in (LONG, LONG.replace("o", "o\u200b"))
    )
    assert [token["log_prob_nats"] for token in plain["tokens"]] == [
        token["log_prob_nats"] for token in disguised["tokens"]
    ]
    assert disguised["disguises_undone"] == {"invisible_character": LONG.count("o")}


def test_a_file_is_sent_as_its_bytes(client, judge):
    answer = client.post("/api/detect?id=essay.txt", content=LONG.encode("utf-16"), headers=BYTES)
    assert answer.json() == through_json(judge.detect(LONG, "essay.txt").to_dict())
    assert len(client.post("/api/score", content=b"The boats were gone.", headers=BYTES).json()["tokens"]) > 4


@pytest.mark.parametrize("kind", ["docx", "odt", "pdf", "epub", "html"])
def test_a_document_is_judged_by_its_text(client, judge, kind):
    data = {
        "docx": lambda: made.word(f"<w:p><w:r><w:t>{LONG}</w:t></w:r></w:p>"),
        "odt": lambda: made.open_document(f"<text:p>{LONG}</text:p>"),
        "pdf": lambda: made.pdf([textwrap.wrap(LONG)]),
        "epub": lambda: made.epub({"a": f"<p>{LONG}</p>"}, ["a"]),
        "html": lambda: f"<!doctype html><p>{LONG}</p>".encode(),
    }[kind]()
    record = client.post(f"/api/detect?id=essay.{kind}", content=data, headers=BYTES).json()
    assert record["score"] == judge.detect(LONG).score
    assert record["warnings"][0].startswith("The text was taken from a")


def test_a_text_without_verdict_is_a_result(client):
    record = client.post("/api/detect", json={"text": "The boats were gone."}).json()
    assert (record["verdict"], record["reason"], record["score"]) == ("unscored", "too_short", None)


def test_the_record_holds_letters_of_every_kind(client):
    text = LONG + " \u4e2d\u6587 \U0001f6a2 \u202e"
    tokens = client.post("/api/score", json={"text": text, "top": 0}).json()["tokens"]
    assert tokens[-1]["end_char"] == len(text)
    assert all(token["text"] == text[token["start_char"] : token["end_char"]] for token in tokens)


@pytest.mark.parametrize(
    ("path", "send", "status", "code"),
    [
        ("/api/detect", {"content": b'{"text": ', "headers": JSON}, 400, "broken_json"),
        ("/api/detect", {"content": b"", "headers": JSON}, 400, "broken_json"),
        ("/api/detect", {"content": b'{"text": "\xff"}', "headers": JSON}, 400, "broken_json"),
        ("/api/detect", {"content": b"[" * 100_000, "headers": JSON}, 400, "broken_json"),
        ("/api/detect", {"content": b'{"top": ' + b"9" * 10_000 + b"}", "headers": JSON}, 400, "broken_json"),
        ("/api/detect", {"json": [LONG]}, 422, "wrong_fields"),
        ("/api/detect", {"json": {}}, 422, "wrong_fields"),
        ("/api/detect", {"json": {"text": None}}, 422, "wrong_fields"),
        ("/api/detect", {"json": {"text": LONG, "file": "x"}}, 422, "wrong_fields"),
        ("/api/detect", {"json": {"text": LONG, "id": 7}}, 422, "wrong_fields"),
        ("/api/detect", {"json": {"text": LONG, "id": "x" * 301}}, 422, "wrong_fields"),
        ("/api/detect", {"json": {"text": LONG, "top": 3}}, 422, "wrong_fields"),
        ("/api/score", {"json": {"text": LONG, "top": True}}, 422, "wrong_fields"),
        ("/api/score", {"json": {"text": LONG, "top": 21}}, 422, "wrong_fields"),
        ("/api/score", {"json": {"text": LONG, "top": -1}}, 422, "wrong_fields"),
        ("/api/detect", {"json": {"text": ""}}, 422, "empty_text"),
        ("/api/score", {"json": {"text": " \n\t"}}, 422, "empty_text"),
        ("/api/detect", {"content": b'{"text": "half \\ud800"}', "headers": JSON}, 422, "broken_text"),
        ("/api/detect", {"json": {"text": "a" * 20_001}}, 413, "too_large"),
        ("/api/detect", {"content": b"a" * 200_001, "headers": BYTES}, 413, "too_large"),
        ("/api/detect", {"content": iter([b"a" * 70_000] * 3), "headers": BYTES}, 413, "too_large"),
        ("/api/detect", {"content": LONG.encode()}, 415, "wrong_content_type"),
        ("/api/detect", {"data": {"text": LONG}}, 415, "wrong_content_type"),
        ("/api/detect", {"content": b"text", "headers": {"content-type": "text/plain"}}, 415, "wrong_content_type"),
        ("/api/detect", {"content": b"%PDF-1.7 1 0 obj<</Encrypt 2 0 R>>", "headers": BYTES}, 415, "unreadable_file"),
        ("/api/detect", {"content": b"PK\x03\x04 word/document.xml", "headers": BYTES}, 415, "unreadable_file"),
        ("/api/detect", {"content": b"text\x00text", "headers": BYTES}, 415, "unreadable_file"),
        ("/api/detect", {"content": b"", "headers": BYTES}, 422, "empty_text"),
    ],
)  # fmt: skip
def test_bad_input_is_a_status_and_a_sentence(client, path, send, status, code):
    answer = client.post(path, **send)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"], error["code"]) == (status, status, code)
    assert error["message"].endswith(".")
    assert len(error["message"]) < 400
    assert client.post("/api/detect", json={"text": "too short"}).status_code == 200  # server and worker live on


def test_a_text_the_model_cannot_take_is_a_sentence(client, monkeypatch):
    def refuse(*args, **options):
        raise InputError("The word is too long.")

    monkeypatch.setattr("detector.web.scoring_queue.score_texts", refuse)
    answer = client.post("/api/score", json={"text": LONG})
    assert answer.json() == {"error": {"status": 422, "code": "cannot_score", "message": "The word is too long."}}


def test_the_wrong_method_names_the_right_one(client):
    answer = client.get("/api/detect")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "POST" in answer.json()["error"]["message"]


def test_unknown_addresses_are_json_for_programs_and_a_page_for_browsers(client):
    assert client.get("/nonsense").json()["error"]["code"] == "not_found"
    assert client.get("/api/nonsense", headers=BROWSER).json()["error"]["code"] == "not_found"
    page = client.get("/nonsense", headers=BROWSER)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "Not here" in page.text


def texts(n):
    """Different texts of different lengths."""
    words = TRAINING_TEXT.split()
    return [" ".join(words[i:] + words[: 2 * i]) for i in range(n)]


def test_ten_clients_at_once_get_each_their_own(client, judge):
    wanted = {f"client {i}": text for i, text in enumerate(texts(10))}
    start = threading.Barrier(10)

    def ask(id):
        start.wait(30)
        return client.post("/api/detect", json={"text": wanted[id], "id": id}).json()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, wanted))
    for answer, (name, text) in zip(answers, wanted.items(), strict=True):
        alone = judge.detect(text, name)
        assert (answer["id"], answer["n_words"], answer["verdict"]) == (name, alone.n_words, alone.verdict)
        assert answer["score"] == pytest.approx(alone.score, abs=1e-4)


def test_what_is_too_much_is_turned_away_and_the_rest_is_served(held):
    limits = Limits(waiting=2, kept_results=5)
    with TestClient(create_app(held, limits), base_url=BASE) as client, ThreadPoolExecutor(3) as pool:

        def ask(_):
            return client.post("/api/detect", json={"text": LONG}).status_code

        served = [pool.submit(ask, 0)]
        assert held.has_begun.wait(30)
        served += [pool.submit(ask, i) for i in (1, 2)]
        until(lambda: client.app.state.queue.n_waiting == 2)
        refused = client.post("/api/detect", json={"text": LONG})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "busy")
        assert int(refused.headers["retry-after"]) > 0
        held.may_go_on.set()
        assert [one.result(30) for one in served] == [200, 200, 200]


def test_a_text_that_takes_too_long_is_dropped(judge):
    with TestClient(create_app(judge, Limits(seconds=1e-9)), base_url=BASE) as client:
        answer = client.post("/api/detect", json={"text": LONG})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "time_limit")
        assert client.get("/healthz").json() == {"status": "ok"}


def test_a_defect_is_a_sentence_and_tells_nothing_of_the_text(client, monkeypatch, capsys):
    def broken(self):
        raise RuntimeError(f"cannot handle {LONG}")

    with monkeypatch.context() as patch:
        patch.setattr("detector.records.result.Result.to_dict", broken)
        answer = client.post("/api/detect", json={"text": LONG})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "unexpected")
    said = capsys.readouterr()
    assert "RuntimeError" in said.err
    assert "harbour" not in answer.text + said.err + said.out
    assert client.post("/api/detect", json={"text": "too short"}).status_code == 200


def test_a_defect_of_a_page_is_a_sentence_too(client, monkeypatch, capsys):
    monkeypatch.setattr("detector.web.api.render", lambda *args, **values: 1 / 0)
    answer = client.get("/api", headers=BROWSER)
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "ZeroDivisionError at " in capsys.readouterr().err


def keys_of(schema):
    return set(schema["properties"])


def test_the_description_names_every_field_and_no_other(client):
    document = client.get("/api/openapi.json").json()
    schemas = document["components"]["schemas"]
    text = LONG.replace("boats", "bo\u200bats", 1)
    result = client.post("/api/detect", json={"text": text}).json()
    assert keys_of(schemas["Result"]) == set(result)
    assert keys_of(schemas["Result"]["properties"]["segments"]["items"]) == set(result["segments"][0])
    assert keys_of(schemas["Result"]["properties"]["findings"]["items"]) == set(result["findings"][0])
    assert keys_of(schemas["Result"]["properties"]["model"]) == set(result["model"])
    tokens = client.post("/api/score", json={"text": LONG}).json()
    assert keys_of(schemas["Tokens"]) == set(tokens)
    assert keys_of(schemas["Tokens"]["properties"]["tokens"]["items"]) == set(tokens["tokens"][0])
    error = client.post("/api/detect").json()
    assert keys_of(schemas["Error"]["properties"]["error"]) == set(error["error"])
    sent = document["paths"]["/api/score"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(sent["properties"]) == {"text", "id", "top"}
    assert sent["properties"]["text"]["maxLength"] == LIMITS.characters


def test_the_description_for_people_says_the_same(client):
    page = client.get("/api")
    assert page.headers["content-type"].startswith("text/html")
    for word in ("POST /api/detect", "POST /api/score", "confidence_interval", "tokens[].rank", "415", f"{BASE}/api"):
        assert word in page.text


def test_a_hostile_file_is_refused_and_the_server_goes_on(client, monkeypatch):
    monkeypatch.setattr(Limits, "reading", ReadingLimits(memory_bytes=100 << 20))
    answer = client.post("/api/detect?id=a.pdf", content=hostile_files.nested_forms(), headers=BYTES)
    assert answer.status_code == 415
    assert "a.pdf takes more than 100 MB of memory to read" in answer.json()["error"]["message"]
    assert (
        client.post("/api/detect?id=b.pdf", content=made.pdf([textwrap.wrap(LONG)]), headers=BYTES).status_code == 200
    )


def test_a_document_with_too_many_characters_names_the_limit_of_the_server(client):
    data = made.word(f"<w:p><w:r><w:t>{LONG * 60}</w:t></w:r></w:p>")
    answer = client.post("/api/detect?id=a.docx", content=data, headers=BYTES)
    assert answer.status_code == 413
    assert "more than 20,000 characters" in answer.json()["error"]["message"]
    assert "--max-characters" in answer.json()["error"]["message"]


def test_a_list_is_answered_by_a_list(client, judge):
    sent = {"texts": [LONG, {"id": "short", "text": "The boats were gone."}, {"text": LONG[40:]}]}
    answer = client.post("/api/detect", json=sent).json()
    wanted = [
        judge.detect(LONG, "text 1"),
        judge.detect("The boats were gone.", "short"),
        judge.detect(LONG[40:], "text 3"),
    ]
    assert [record["id"] for record in answer["results"]] == ["text 1", "short", "text 3"]
    assert [r["verdict"] for r in answer["results"]] == [r.verdict for r in wanted]
    assert answer["results"][2]["score"] == pytest.approx(wanted[2].score)


def test_files_are_sent_as_a_form(client):
    files = [("file", ("a.txt", LONG.encode())), ("file", ("photo.png", b"\x89PNG\r\n"))]
    records = client.post("/api/detect", files=files).json()["results"]
    assert [(r["id"], r["reason"]) for r in records] == [("a.txt", None), ("photo.png", "unreadable")]
    assert "PNG" in records[1]["explanation"]
    assert client.post("/api/score", files=files[:1]).json()["tokens"]


def test_a_comparison_is_both_records_and_every_statistic(client, judge):
    answer = client.post("/api/compare", json={"first": LONG, "second": {"id": "b", "text": LONG[60:]}}).json()
    assert (answer["first"]["id"], answer["second"]["id"]) == ("first", "b")
    rank = next(method for method in answer["methods"] if method["name"] == "rank")
    assert (rank["first"], rank["second"]) == (answer["first"]["methods"]["rank"], answer["second"]["methods"]["rank"])
    # the literature's direction of the rank: lower is machine
    assert rank["more_machine_like"] == ("first" if rank["first"] < rank["second"] else "second")
    files = {"first": ("a.txt", LONG.encode()), "second": ("b.txt", LONG.encode())}
    same = client.post("/api/compare", files=files).json()
    assert {method["more_machine_like"] for method in same["methods"]} == {None}


def test_a_report_is_a_page_or_a_pdf(client, monkeypatch):
    page = client.post("/api/report?id=essay.txt", content=LONG.encode(), headers=BYTES)
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-disposition"] == 'attachment; filename="essay-report.html"'
    assert 'id="report"' in page.text
    monkeypatch.setattr("detector.web.downloads.report_pdf", lambda html: b"%PDF " + html.encode())
    pdf = client.post("/api/report?format=pdf", json={"text": LONG})
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF ")


@pytest.mark.parametrize(
    ("path", "send", "status", "words"),
    [
        ("/api/detect", {"json": {"texts": []}}, 422, "The list texts is empty"),
        ("/api/detect", {"json": {"texts": "x"}}, 422, "must be a list"),
        ("/api/detect", {"json": {"texts": [LONG], "text": LONG}}, 422, "'text' is not known"),
        ("/api/detect", {"json": {"texts": [LONG, 7]}}, 422, "of texts[1] must be a string, or an object"),
        ("/api/detect", {"json": {"texts": [LONG, {"text": LONG, "x": 1}]}}, 422, "'x' of texts[1] is not known"),
        ("/api/detect", {"json": {"texts": [LONG, ""]}}, 422, "Of texts[1]: There is no text"),
        ("/api/detect", {"json": {"texts": ["x"] * 9}}, 413, "At most 8 texts"),
        ("/api/detect", {"files": {"file": ("", b"")}}, 422, "holds no file"),
        ("/api/score", {"files": [("file", ("a", b"x")), ("file", ("b", b"x"))]}, 422, "holds 2 files"),
        ("/api/compare", {"json": {"first": LONG}}, 422, "second is missing"),
        ("/api/compare", {"json": {"first": LONG, "second": LONG, "x": 1}}, 422, "'x' is not known"),
        ("/api/compare", {"files": {"first": ("a", b"x")}}, 422, "one named second"),
        ("/api/report?format=docx", {"json": {"text": LONG}}, 422, "allowed: html, pdf"),
    ],
)
def test_wrong_lists_and_forms_are_sentences(client, path, send, status, words):
    answer = client.post(path, **send)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


def test_the_examples_of_the_page_run_as_they_stand(judge, monkeypatch, capsys):
    """The Python of every example, against a server on a real port, which asks for a token."""
    listener, token = bind("127.0.0.1", 0), "a-token-of-many-letters"
    app = create_app(judge, LIMITS, token=token)
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("DETECT_TOKEN", token)
    try:
        page = httpx2.get(f"{base}/api", headers={"authorization": f"Bearer {token}"}).text
        programs = re.findall(r'<pre[^>]*data-python="([^"]+)">(.*?)</pre>', page, re.DOTALL)
        assert {path for path, _ in programs} == {"/api/detect", "/api/compare", "/api/report", "/api/score"}
        for _, program in programs:
            exec(html.unescape(program), {})  # noqa: S102 - the page's own
        assert len(capsys.readouterr().out.splitlines()) == 5  # two verdicts and a line of each other
    finally:
        server.should_exit = True
        thread.join(30)
