"""Parquet files that notice when a bit of them has changed, whichever it is, and that any Parquet reader reads.

Parquet's own checksums cover its pages and neither their headers nor the footer, in which one bit turned over gives
other values without a word. So a CRC-32 of the whole file stands in the gap before the footer, which readers pass over:

    pages … | "detect.crc32=" and 4 bytes | footer | length of the footer | "PAR1"
"""

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from detector.errors import UsageError

_MARK = b"detect.crc32="
_CRC_BYTES = 4
_TAIL_BYTES = 8
"""Length of the footer, and Parquet's mark."""


def to_sealed_parquet(table: pa.Table) -> bytes:
    """A file with the rows of ``table``."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    data = sink.getvalue()
    footer = _footer_start(data)
    crc = zlib.crc32(data[footer:], zlib.crc32(_MARK, zlib.crc32(data[:footer])))
    return data[:footer] + _MARK + crc.to_bytes(_CRC_BYTES, "little") + data[footer:]


def read_sealed_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a file; raises ``UsageError``, which names it, where it is damaged, and ``OSError``.

    A file without a seal, as earlier versions wrote them, is read all the same; Parquet checks its pages.
    """
    data = path.read_bytes()
    try:
        is_sealed = check_seal(data)
        wanted = None if columns is None else list(columns)
        table = pq.read_table(pa.BufferReader(data), columns=wanted, page_checksum_verification=True)
        if not is_sealed:  # its texts and the names of its columns are decoded only when asked for
            table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(path, error) from None
    return table


def check_sealed(path: Path) -> None:
    """Raise ``UsageError`` where a file is damaged, whether or not its rows can be read, and ``OSError``."""
    try:
        check_seal(path.read_bytes())
    except ValueError as error:
        raise damaged(path, error) from None


def check_seal(data: bytes) -> bool:
    """Whether there is a seal; raises ``ValueError`` where it is broken."""
    footer = _footer_start(data)
    mark = footer - _CRC_BYTES - len(_MARK)
    if mark < 0 or data[mark : mark + len(_MARK)] != _MARK:
        return False
    crc = zlib.crc32(data[footer:], zlib.crc32(memoryview(data)[: footer - _CRC_BYTES]))
    if crc.to_bytes(_CRC_BYTES, "little") != data[footer - _CRC_BYTES : footer]:
        raise ValueError("its checksum is another")
    return True


def damaged(path: Path, error: Exception) -> UsageError:
    """What to say of a file that cannot be read as it was written."""
    why = next(iter(str(error).splitlines()), type(error).__name__)
    return UsageError(
        f"{path} is damaged ({why}). Delete it and give the command again: its documents are scored anew."
    )


def _footer_start(data: bytes) -> int:
    """Raises ``ValueError`` for what ends otherwise than Parquet does."""
    if len(data) < _TAIL_BYTES or data[-4:] != b"PAR1":
        raise ValueError("it is cut off, or no Parquet file")
    start = len(data) - _TAIL_BYTES - int.from_bytes(data[-_TAIL_BYTES:-4], "little")
    if start < 0:
        raise ValueError("its footer is longer than the file")
    return start
