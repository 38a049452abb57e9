"""Devices, pipes and files without end: never more than wanted, never waiting for nobody."""

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from detector import InputError
from detector.documents import opening
from detector.documents.opening import bytes_of_file, bytes_of_input
from detector.errors import TooLongError


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of Unix")
def test_a_device_without_end_is_read_up_to_the_limit():
    with pytest.raises(TooLongError, match=r"/dev/zero has more than 3 MB, .* raise --max-chars"):
        bytes_of_file("/dev/zero", 3_000_000)
    assert bytes_of_file(os.devnull, 10) == b""


def test_a_file_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(300_000_000)
    monkeypatch.setattr("builtins.open", None)
    with pytest.raises(TooLongError, match="has 300 MB, too much for one text; at most 80 MB"):
        bytes_of_file(str(path), 80_000_000)


def test_standard_input_has_the_same_limit(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 100)))
    with pytest.raises(TooLongError, match="standard input has more than"):
        bytes_of_input(99)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 100)))
    assert bytes_of_input(100) == b"x" * 100
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="is closed"):
        bytes_of_input(100)


@pytest.fixture
def pipe(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("named pipes of Unix")
    os.mkfifo(tmp_path / "pipe")
    return str(tmp_path / "pipe")


def test_a_pipe_that_nobody_writes_to_is_given_up(pipe, monkeypatch):
    monkeypatch.setattr(opening, "_SECONDS_FOR_A_WRITER", 0.2)
    with pytest.raises(InputError, match="is a named pipe, and nobody wrote to it"):
        bytes_of_file(pipe, 100)


@pytest.mark.parametrize("pieces", [[], [b"The boats"], [b"The boats ", b"were gone"]])
def test_a_pipe_is_read_until_its_writer_closes_it(pipe, pieces):
    may_go_on = threading.Event()

    def write():
        with open(pipe, "wb", buffering=0) as file:
            for piece in pieces:
                file.write(piece)
                may_go_on.wait(0.1)

    writer = threading.Thread(target=write)
    writer.start()
    assert bytes_of_file(pipe, 100) == b"".join(pieces)
    writer.join()


def test_a_pipe_has_the_same_limit(pipe):
    writer = threading.Thread(target=lambda: Path(pipe).write_bytes(b"x" * 1000))
    writer.start()
    with pytest.raises(TooLongError):
        bytes_of_file(pipe, 999)
    writer.join()


def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    for name, said in (
        ("none", "no such file"),
        ("link", "link leads to"),
        (".", "is a folder"),
        ("a\0b", "cannot be read"),
    ):
        with pytest.raises(InputError, match=said):
            bytes_of_file(str(tmp_path / name) if name != "." else str(tmp_path), 100)
