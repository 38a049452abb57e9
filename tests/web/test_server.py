"""The server on a real port, and the command that starts it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest
import typer
import uvicorn
from typer.testing import CliRunner

import detector
from detector import UsageError
from detector.commands.serve import serve
from detector.web.addresses import is_loopback, name_of, urls
from detector.web.app import create_app
from detector.web.limits import Limits
from detector.web.server import Server, bind, check_token, new_token
from tests.web.conftest import LIMITS, LONG, until

ROOT = Path(detector.__file__).parents[1]


@pytest.fixture
def live(judge):
    """The port of a server in a thread."""
    listener = bind("127.0.0.1", 0)
    app = create_app(judge, LIMITS)
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


def ask(port, path, data=None, headers=None):
    method = "GET" if data is None else "POST"
    answer = httpx2.request(method, f"http://127.0.0.1:{port}{path}", content=data, headers=headers, timeout=60)
    return answer.json()


def send(port, content):
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(content)
    return connection


HEAD = b"POST /api/detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def test_dropped_connections_harm_nobody(live, capfd):
    body = json.dumps({"text": LONG}).encode()
    send(live, HEAD[:20]).close()
    send(live, HEAD % len(body) + body[:30]).close()
    send(live, HEAD % len(body) + body).close()
    for _ in range(3):
        send(live, b"nonsense\r\n\r\n\x00\xff").close()
    assert ask(live, "/healthz") == {"status": "ok"}
    record = ask(live, "/api/detect", body, {"content-type": "application/json"})
    assert record["n_words"] == len(LONG.split())
    assert "harbour" not in capfd.readouterr().err


def test_a_job_whose_client_hung_up_leaves_the_queue(held):
    listener = bind("127.0.0.1", 0)
    app = create_app(held, LIMITS)
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    port = listener.getsockname()[1]
    body = json.dumps({"text": LONG}).encode()
    first = send(port, HEAD % len(body) + body)
    assert held.has_begun.wait(30)
    second = send(port, HEAD % len(body) + body)
    until(lambda: app.state.queue.n_waiting == 1)
    second.close()
    until(lambda: app.state.queue.n_waiting == 0)
    # a server that ends tells those who wait
    server.should_exit = True
    time.sleep(0.3)
    held.may_go_on.set()
    with first:
        assert first.recv(10_000).startswith(b"HTTP/1.1 503")
    thread.join(20)
    assert not thread.is_alive()


def run(*args):
    app = typer.Typer()
    app.command()(serve)
    return CliRunner().invoke(app, args)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--max-megabytes", "0"], "--max-megabytes is 0.0; it must be above 0."),
        (["--max-waiting", "50"], "more results must be kept"),
        (["--max-seconds", "nan"], "--max-seconds is nan"),
        (["--token", "short"], "needs at least 16"),
        (["--token", "with a blank within"], "letters, digits"),
        (["--host", "no such host.invalid", "--port", "0"], "cannot listen on"),
    ],
)
def test_options_that_cannot_be_are_a_sentence(args, sentence):
    result = run(*args)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken_is_a_sentence():
    with bind("127.0.0.1", 0) as taken:
        result = run("--port", str(taken.getsockname()[1]))
    assert result.exit_code == 2
    assert "--port 0 takes any free port" in result.stderr


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = run()
    assert result.exit_code == 2
    assert "pip install 'detect-text[web]'" in result.stderr


def test_only_this_machines_own_addresses_go_without_a_token():
    assert [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9")] == [True] * 4
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.7", "localhost.example", ""))  # noqa: S104
    check_token(new_token())
    with pytest.raises(UsageError):
        check_token("\u00e9" * 20)


def test_the_addresses_that_are_printed_are_those_to_open(monkeypatch):
    monkeypatch.setattr("detector.web.addresses.own_address", {socket.AF_INET: "10.1.2.3"}.get)
    assert urls("127.0.0.1", 8000) == ["http://127.0.0.1:8000/"]
    assert urls("::1", 80) == ["http://[::1]:80/"]
    assert urls("0.0.0.0", 8000) == ["http://localhost:8000/", "http://10.1.2.3:8000/"]  # noqa: S104
    assert urls("::", 8000) == ["http://localhost:8000/", "http://10.1.2.3:8000/"]
    monkeypatch.setattr("detector.web.addresses.own_address", lambda family: None)
    assert urls("0.0.0.0", 8000) == ["http://localhost:8000/"]  # noqa: S104


def test_the_address_behind_a_proxy_is_a_web_address():
    assert name_of("https://detect.example.org/") == "detect.example.org"
    assert name_of("") is None
    for wrong in ("detect.example.org", "ftp://x", "https://x/path", "https://", "http://[::1"):
        with pytest.raises(UsageError, match="such as https://detect"):
            name_of(wrong)


def test_limits_are_checked():
    with pytest.raises(UsageError, match="--keep-minutes"):
        Limits(kept_minutes=-1)


def test_the_command_serves_until_interrupted(warm_detect, tiny_folder, tiny_calibration):
    options = ["--model", tiny_folder, "--dtype", "float32", "--calibration", tiny_calibration, "--host", "0.0.0.0"]  # noqa: S104
    process = subprocess.Popen(
        [*warm_detect, "serve", "--port", "0", *map(str, options)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        token = process.stderr.readline().rsplit(" ", 1)[1].strip()
        address = process.stderr.readline()
        port = int(address.split("http://localhost:")[1].split("/")[0])
        while "not encrypted" not in (line := process.stderr.readline()):
            assert re.fullmatch(rf"detect: From other machines: http://[\w.:\[\]]+:{port}/\n", line)
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        body = json.dumps({"text": LONG}).encode()
        assert ask(port, "/api/detect", body, headers)["verdict"] == "machine"
        refused = ask(port, "/api/detect", body, headers | {"authorization": "Bearer x"})
        assert refused["error"]["status"] == 401
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.terminate()
        process.wait()
    assert process.returncode == 130
    assert (out, err) == ("", "detect: Interrupted.\n")
