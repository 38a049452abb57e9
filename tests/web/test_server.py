"""The server on a real port, and the command that starts it."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import httpx2
import pytest
import typer
from typer.testing import CliRunner
from uvicorn.server import ServerState

import detector
from detector import UsageError
from detector.commands.serve import serve
from detector.web import connections
from detector.web.addresses import is_loopback, name_of, urls
from detector.web.app import create_app
from detector.web.limits import Limits
from detector.web.server import Server, bind, check_token, configuration, new_token
from tests.web.conftest import LIMITS, LONG, until

ROOT = Path(detector.__file__).parents[1]


@contextmanager
def serving(detector):
    """The port of a server in a thread, which ends when it is told to."""
    listener = bind("127.0.0.1", 0)
    server = Server(configuration(create_app(detector, LIMITS)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def live(judge):
    with serving(judge) as port:
        yield port


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
    server = Server(configuration(app))
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


def is_cut_off(connection):
    """Whether the server ends a connection without an answer."""
    connection.settimeout(20)
    try:
        return connection.recv(100) == b""
    except ConnectionError:
        return True


def test_idle_connections_shut_nobody_out(live, monkeypatch):
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 6)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 3600)
    idle = [send(live, content) for content in (b"", HEAD[:20]) * 10]
    assert ask(live, "/healthz") == {"status": "ok"}
    assert all(is_cut_off(connection) for connection in idle[:14]), "those that were idle longest made room"
    idle[-2].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert idle[-2].recv(1000).startswith(b"HTTP/1.1 200"), "the others were kept"
    for connection in idle:
        connection.close()


@pytest.mark.parametrize("begun", [b"", HEAD[:20]])
def test_who_sends_no_whole_head_is_cut_off(live, monkeypatch, begun):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    with send(live, begun) as slow:
        assert is_cut_off(slow)


def test_a_head_that_comes_letter_by_letter_is_cut_off_all_the_same(live, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 100_000

    def trickle(slow):
        for letter in head:
            slow.sendall(bytes([letter]))
            time.sleep(0.01)

    with send(live, b"") as slow, pytest.raises(ConnectionError):
        trickle(slow)


def test_a_long_scoring_is_no_idle_connection(held, monkeypatch):
    """Neither time limit nor newcomers end a request that is under way."""
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    with serving(held) as port:
        body = json.dumps({"text": LONG}).encode()
        first = send(port, HEAD % len(body) + body)
        assert held.has_begun.wait(30)
        for other in [send(port, b"") for _ in range(6)]:
            assert is_cut_off(other)
            other.close()
        held.may_go_on.set()
        with first:
            assert first.recv(10_000).startswith(b"HTTP/1.1 200")


def test_an_answer_that_nobody_reads_is_given_up(monkeypatch):
    monkeypatch.setattr(connections, "UNREAD_SECONDS", 0.0)

    async def writes_to_nobody():
        transport = Mock()
        connection = connections.Connection(configuration(lambda scope: None), ServerState(), {})
        connection.connection_made(transport)
        connection.pause_writing()
        connection.resume_writing()
        await asyncio.sleep(0.05)
        assert not transport.abort.called, "it was read after all"
        connection.pause_writing()
        await asyncio.sleep(0.05)
        assert transport.abort.called
        connection.connection_lost(None)

    asyncio.run(writes_to_nobody())


def test_the_server_ends_while_a_file_is_read(judge, monkeypatch):
    """A reader that never comes back; what ends the program does not wait for its thread, which is a daemon."""
    has_begun, may_end, readers = threading.Event(), threading.Event(), []

    def read_for_ever(data, name, limits):
        readers.append(threading.current_thread())
        has_begun.set()
        may_end.wait(60)
        return "", ()

    monkeypatch.setattr("detector.web.incoming.isolated_text_of", read_for_ever)
    with serving(judge) as port:
        head = HEAD.replace(b"application/json", b"application/octet-stream")
        connection = send(port, head % 3 + b"abc")
        assert has_begun.wait(30)
    with connection:
        assert readers[0].is_alive()
        assert readers[0].daemon
        may_end.set()


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
