"""Messages between processes: 8 bytes of length, big-endian, and so many bytes."""

from typing import IO


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one message."""
    stream.write(len(message).to_bytes(8, "big"))
    stream.write(message)


def receive(stream: IO[bytes]) -> bytes:
    """Read one message; raises ``EOFError`` where the other side is gone."""
    length = stream.read(8)
    if len(length) < 8:
        raise EOFError
    message = stream.read(int.from_bytes(length, "big"))
    if len(message) < int.from_bytes(length, "big"):
        raise EOFError
    return message
