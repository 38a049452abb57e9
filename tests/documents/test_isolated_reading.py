"""Files made to kill whoever reads them end one process and become one sentence."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from detector import InputError
from detector.documents import isolated_reading
from detector.documents.isolated_reading import isolated_text_of, prepare_reading, stop_reading
from detector.documents.reading import text_of
from detector.documents.reading_limits import ReadingLimits
from detector.errors import TooLongError
from tests.documents import hostile_files
from tests.documents.files_made_here import epub, open_document, pdf, word

FILES = {
    "essay.pdf": pdf([["The boats were gone."]]),
    "essay.docx": word("<w:p><w:r><w:t>The boats were gone.</w:t></w:r></w:p>"),
    "essay.odt": open_document("<text:p>The boats were gone.</text:p>"),
    "essay.epub": epub({"a": "<p>The boats were gone.</p>"}, ["a"]),
    "essay.html": b"<html><p>The boats were gone.",
    "western.txt": b"The caf\xe9 was closed, and the boats were gone from the harbour.",
    "wide.txt": "The boats were gone.".encode("utf-16"),
}
TIGHT = ReadingLimits(processor_seconds=20, memory_bytes=100 << 20)


@pytest.fixture
def own_pool(monkeypatch):
    """A pool that ends with the test."""
    monkeypatch.setattr(isolated_reading, "_POOL", isolated_reading._Pool())
    yield isolated_reading._POOL
    isolated_reading.stop_reading()


def only_process(pool):
    (reader,) = pool._idle
    return reader._process


def has_ended(pid):
    """Whether a process is gone, and no zombie either."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("name", FILES)
def test_what_is_read_is_the_same_as_in_this_process(name):
    assert isolated_text_of(FILES[name], name) == text_of(FILES[name], name)


@pytest.mark.parametrize("data", [b"\x89PNG", b"PK\x03\x04", b"%PDF-1.4", b"\x00\x01\x02", b"<html><title>No</title>"])
def test_what_is_refused_is_refused_with_the_same_words(data):
    with pytest.raises(InputError) as here:
        text_of(data, "f")
    with pytest.raises(InputError) as there:
        isolated_text_of(data, "f")
    assert str(there.value) == str(here.value)


def test_plain_text_needs_no_process(own_pool):
    assert isolated_text_of("The caf\u00e9.".encode(), "f") == ("The caf\u00e9.", ())
    assert not own_pool._idle


@pytest.mark.parametrize("name", hostile_files.HOSTILE)
def test_a_hostile_file_becomes_a_sentence_and_the_next_is_read(name, own_pool):
    with pytest.raises(InputError, match=r"^\S+ (takes more than 100 MB|has more than|document unfolds to)"):
        isolated_text_of(hostile_files.HOSTILE[name](), name, TIGHT)
    process = only_process(own_pool)
    assert isolated_text_of(FILES["essay.pdf"], "f")[0] == "The boats were gone."
    assert only_process(own_pool) is process


def test_a_process_is_started_beforehand_for_what_is_not_plain_by_its_name(own_pool):
    prepare_reading(["a.txt", "b.MD", "-"])
    assert not own_pool._idle
    for _ in range(2):
        prepare_reading(["a.txt", "b.docx"])
    process = only_process(own_pool)
    assert isolated_text_of(FILES["essay.docx"], "f")[0] == "The boats were gone."
    assert only_process(own_pool) is process


def test_a_limit_of_processor_time_is_named():
    limits = ReadingLimits(processor_seconds=1, memory_bytes=4 << 30)
    with pytest.raises(InputError, match="f took more than 1 seconds of processor time"):
        isolated_text_of(hostile_files.nested_forms(), "f", limits)


def test_a_limit_on_the_clock_is_named():
    limits = ReadingLimits(seconds=1, memory_bytes=4 << 30)
    with pytest.raises(InputError, match="f took more than 1 seconds to read"):
        isolated_text_of(hostile_files.nested_forms(), "f", limits)


def test_a_process_that_does_not_answer_is_ended_from_here(own_pool, monkeypatch):
    isolated_text_of(FILES["essay.pdf"], "f")
    process = only_process(own_pool)
    os.kill(process.pid, signal.SIGSTOP)
    monkeypatch.setattr(isolated_reading, "_GRACE_SECONDS", 0.1)
    monkeypatch.setattr(isolated_reading, "_ENDING_SECONDS", 0.1)
    with pytest.raises(InputError, match="f took more than 1 seconds"):
        isolated_text_of(FILES["essay.pdf"], "f", ReadingLimits(seconds=1))
    assert has_ended(process.pid)
    monkeypatch.undo()


def test_characters_are_limited_in_plain_text_and_in_documents():
    limits = ReadingLimits(characters=19)
    for name, data in (FILES | {"plain.txt": b"The boats were gone."}).items():
        with pytest.raises(TooLongError, match=f"{name} has [0-9]+ characters and at most 19 .* raise --max-chars"):
            isolated_text_of(data, name, limits)
    assert isolated_text_of(FILES["essay.odt"], "f", ReadingLimits(characters=20))[0] == "The boats were gone."


def test_a_defect_of_a_reader_is_damage_to_whoever_sent_the_file(monkeypatch):
    from detector.documents import reader_process

    def broken(data, name):
        raise KeyError("a defect")

    monkeypatch.setattr(reader_process, "text_of", broken)
    assert b"f is damaged, or of a kind that cannot be read (KeyError)" in reader_process._answer(b"", "f", TIGHT)


@pytest.mark.parametrize(
    "answer", [b"", b"\xff", b"[" * 100_000, b"[]", b'{"text": "a", "warnings": 5}', b'{"error": "no", "kind": ["os"]}']
)
def test_an_answer_that_a_file_made_up_is_an_error(answer):
    with pytest.raises(InputError):
        isolated_reading._checked(answer, "f", TIGHT)


def test_a_text_that_a_file_made_up_is_held_to_the_limit():
    with pytest.raises(TooLongError):
        isolated_reading._checked(b'{"text": "too long", "warnings": []}', "f", ReadingLimits(characters=7))


def test_a_process_that_died_while_it_waited_is_replaced(own_pool):
    isolated_text_of(FILES["essay.pdf"], "f")
    process = only_process(own_pool)
    process.kill()
    process.wait()
    assert isolated_text_of(FILES["essay.pdf"], "f")[0] == "The boats were gone."
    assert only_process(own_pool).pid != process.pid


def test_a_process_that_cannot_start_is_said(own_pool, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(InputError, match="cannot be started"):
        isolated_text_of(FILES["essay.pdf"], "f")


def test_threads_read_at_once(own_pool):
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda at: isolated_text_of(pdf([[f"Text {at}."]]), "f")[0], range(24)))
    assert texts == [f"Text {at}." for at in range(24)]
    assert len(own_pool._idle) <= max(2, os.cpu_count() or 1)


def test_stopping_ends_what_is_being_read(own_pool):
    said = []

    def read():
        with pytest.raises(InputError) as error:
            isolated_text_of(hostile_files.nested_forms(), "f", ReadingLimits(memory_bytes=8 << 30))
        said.append(str(error.value))

    thread = threading.Thread(target=read)
    thread.start()
    while not own_pool._busy:
        time.sleep(0.01)
    (reader,) = own_pool._busy
    time.sleep(0.3)
    stop_reading()
    thread.join(20)
    assert said == ["The process that reads documents ended while it was at f."]
    assert has_ended(reader._process.pid)


def test_an_interruption_leaves_no_process_behind(own_pool, monkeypatch):
    isolated_text_of(FILES["essay.pdf"], "f")
    process = only_process(own_pool)

    def interrupted(stream):
        raise KeyboardInterrupt

    monkeypatch.setattr(isolated_reading, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        isolated_text_of(FILES["essay.pdf"], "f")
    assert has_ended(process.pid)
    assert not own_pool._idle


def _read_in_fork(connection):
    connection.send(isolated_text_of(FILES["essay.pdf"], "f")[0])
    stop_reading()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_of_this_process_has_readers_of_its_own():
    isolated_text_of(FILES["essay.pdf"], "f")
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_read_in_fork, args=(there,))
    child.start()
    assert here.poll(60)
    assert here.recv() == isolated_text_of(FILES["essay.pdf"], "f")[0]
    child.join()
    assert child.exitcode == 0


READ_AND_WAIT = """
import sys, time
from detector.documents import isolated_reading
isolated_reading.isolated_text_of(b"<html><p>Hello", "f")
print(isolated_reading._POOL._idle[0]._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["end", "kill"])
def test_the_process_ends_with_whoever_started_it(how):
    root = Path(isolated_reading.__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", READ_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
        text=True,
    ) as parent:
        pid = int(parent.stdout.readline())
        if how == "kill":
            parent.kill()
        else:
            parent.stdin.close()
        assert parent.stderr.read() == ""
    assert has_ended(pid)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_a_reader_knows_nothing_of_the_environment_and_loads_little(own_pool, monkeypatch):
    monkeypatch.setenv("DETECT_TOKEN", "a-secret")
    isolated_text_of(FILES["essay.pdf"], "f")
    process = only_process(own_pool)
    assert b"a-secret" not in Path(f"/proc/{process.pid}/environ").read_bytes()
    assert "torch" not in Path(f"/proc/{process.pid}/maps").read_text()
