"""Who is let in: the machine's own names, the server's own pages, and whoever has the token."""

import re

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from detector.web.app import create_app
from detector.web.guard import check_origin, host_of
from detector.web.problems import RequestError
from tests.web.conftest import BASE, BROWSER, LIMITS

TOKEN = "correct-horse-battery"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("localhost.", 200),
        ("[::1]:8000", 200),
        ("192.168.1.7:8000", 200),
        ("evil.example", 421),
        ("localhost.evil.example:8000", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0.1@evil.example", 421),
        ("[::1", 421),
        ("", 421),
        ("\xff", 421),
    ],
)
def test_only_names_of_this_machine(client, host, status):
    # names that resolve here are how a foreign page would get around the same-origin policy
    assert client.get("/healthz", headers={"host": host.encode("latin-1")}).status_code == status


def test_a_name_that_was_allowed(judge):
    app = create_app(judge, LIMITS, host_names=["Reader.Local"])
    with TestClient(app, base_url=BASE) as client:
        assert client.get("/healthz", headers={"host": "reader.local:8000"}).status_code == 200
        assert client.get("/healthz", headers={"host": "other.local:8000"}).status_code == 421


def test_host_of_takes_off_port_and_brackets():
    assert host_of("[::1]:80") == "::1"
    assert host_of("Example.org.:80") == "example.org"


@pytest.mark.parametrize(
    ("method", "headers", "allowed"),
    [
        ("POST", {}, True),  # a program
        ("POST", {"sec-fetch-site": "same-origin"}, True),
        ("POST", {"sec-fetch-site": "none"}, True),
        ("POST", {"sec-fetch-site": "cross-site"}, False),
        ("POST", {"sec-fetch-site": "same-site"}, False),  # another port of the same machine
        ("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),  # a form elsewhere
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),  # a link elsewhere
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, False),  # an image elsewhere
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}, False),
        ("POST", {"origin": "http://here:8000"}, True),
        ("POST", {"origin": "http://here:8001"}, False),
        ("POST", {"origin": "http://evil.example"}, False),
        ("POST", {"origin": "null"}, False),
        ("POST", {"sec-fetch-site": "cross-site", "origin": "http://here:8000"}, False),
    ],
)
def test_other_sites_pages_are_refused(method, headers, allowed):
    asked = Headers({"host": "here:8000", **headers})
    if allowed:
        check_origin(method, asked)
    else:
        with pytest.raises(RequestError) as refused:
            check_origin(method, asked)
        assert refused.value.status == 403


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://]x["])
def test_an_origin_that_is_no_address_is_a_broken_request(client, origin):
    answer = client.post("/api/detect", json={"text": "a"}, headers={"origin": origin})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "broken_origin")
    assert origin in answer.json()["error"]["message"]


def test_a_foreign_page_gets_neither_verdict_nor_result(client):
    foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    for path in ("/", "/compare", "/api/detect", "/api/score"):
        answer = client.post(path, json={"text": "x"}, headers=foreign)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site")
    assert "access-control-allow-origin" not in client.options("/api/detect", headers=foreign).headers
    assert len(client.app.state.kept) == 0


@pytest.mark.parametrize("path", ["/", "/compare", "/api", "/nonsense", "/static/look.css", "/healthz", "/sign-in"])
@pytest.mark.parametrize("accept", [{}, BROWSER])
def test_every_answer_is_locked_down(client, path, accept):
    headers = client.get(path, headers=accept).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


def test_pages_hold_nothing_the_policy_forbids_and_nothing_from_elsewhere(client):
    for path in ("/", "/compare", "/api", "/nonsense"):
        page = client.get(path, headers=BROWSER).text
        assert "<style" not in page
        assert "style=" not in page
        assert "<script>" not in page
        assert "//" not in page.replace(BASE, "").replace("<!doctype html>", "")


@pytest.fixture
def locked(judge):
    app = create_app(judge, LIMITS, token=TOKEN, port=8000)
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/compare", "/api", "/results/x", "/nonsense"])
def test_nothing_is_shown_without_the_token(locked, path):
    answer = locked.get(path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    page = locked.get(path, headers=BROWSER)
    assert page.status_code == 401
    assert 'action="/sign-in' in page.text
    assert TOKEN not in page.text


@pytest.mark.parametrize(
    "authorization", ["Bearer wrong", f"Basic {TOKEN}", "Bearer", TOKEN, f"Bearer {TOKEN}x", "Bearer \xff"]
)
def test_a_wrong_token_is_none(locked, authorization):
    headers = {"authorization": authorization.encode("latin-1")}
    assert locked.post("/api/detect", json={"text": "x"}, headers=headers).status_code == 401


def test_the_token_in_a_header(locked):
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert locked.post("/api/detect", json={"text": "too short"}, headers=headers).status_code == 200


def test_the_token_in_the_form_gives_a_cookie(locked):
    refused = locked.post("/sign-in", data={"token": "wrong"})
    assert refused.status_code == 401
    assert "set-cookie" not in refused.headers
    taken = locked.post("/sign-in", data={"token": TOKEN})
    assert (taken.status_code, taken.headers["location"]) == (303, "/")
    cookie = taken.headers["set-cookie"]
    assert cookie.startswith("detect_8000=")
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert locked.get("/").status_code == 200  # the client keeps the cookie


def test_a_cookie_of_another_token_or_no_cookie_at_all(locked):
    for cookie in ("detect_8000=wrong", "detect_8001=" + TOKEN, ";;=;", "detect_8000"):
        assert locked.get("/", headers={"cookie": cookie}).status_code == 401


@pytest.mark.parametrize("other", ['prefs={"a": 1, "b": [2]}', "two words", "=", "caf\xe9=1", 'open="'])
def test_cookies_of_other_programs_on_this_machine_do_not_hide_the_token(locked, other):
    cookie = f"{other}; detect_8000={TOKEN}; {other}".encode("latin-1")
    assert locked.get("/", headers={"cookie": cookie}).status_code == 200


def test_health_and_style_need_no_token(locked):
    assert locked.get("/healthz").json() == {"status": "ok"}
    assert locked.get("/static/look.css").status_code == 200
    assert locked.get("/static/../api").status_code == 401


def test_without_a_token_there_is_nothing_to_sign_in_to(client):
    assert client.get("/sign-in").status_code == 303
    assert client.post("/sign-in", data={"token": "x"}).headers["location"] == "/"


def test_whoever_lacks_the_token_is_asked_for_it_and_goes_on_to_the_page_he_wanted(judge):
    with TestClient(
        create_app(judge, LIMITS, token=TOKEN), base_url=BASE, headers=BROWSER, follow_redirects=False
    ) as own:
        asked = own.get("/api")
        assert asked.status_code == 401
        assert 'type="password"' in asked.text
        (form,) = re.findall(r'action="(/sign-in[^"]*)"', asked.text)
        taken = own.post(form, data={"token": TOKEN})
        assert (taken.status_code, taken.headers["location"]) == (303, "/api")
        assert "secure" not in taken.headers["set-cookie"].lower()


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb: c"])
def test_signing_in_leads_nowhere_else(judge, onward):
    app = create_app(judge, LIMITS, token=TOKEN, public_url="https://detect.example.org")
    with TestClient(app, base_url=BASE, headers=BROWSER, follow_redirects=False) as own:
        taken = own.post("/sign-in", params={"next": onward}, data={"token": TOKEN})
        assert taken.headers["location"] == "/"
        assert "secure" in taken.headers["set-cookie"].lower()
