"""What a GGUF file says of itself and where its tensors lie, read with bounds.

The format: 4 bytes ``GGUF``, a version, the numbers of tensors and of keys, the keys with typed values, the tensors'
names, shapes, types and places, and, from the next multiple of the alignment on, the tensors. Every length is held
against the size of the file before it is used: a damaged file is refused at once, whatever numbers it holds.
"""

import math
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.errors import ModelError

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_MOST_KEYS = 10_000
_MOST_TENSORS = 100_000
_MOST_DIMENSIONS = 8
_MOST_TEXTS = 5_000_000
"""In one list; the largest vocabularies have a few hundred thousand, and their merges as many."""
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""Number of a type in the file → its ``struct`` letter."""
_FLOAT32, _STRING, _ARRAY = 6, 8, 9


class _TooShortError(Exception):
    """The file ends, or holds nonsense, where it promised more."""


@dataclass(frozen=True)
class GgufTensor:
    """One tensor as it is stored."""

    shape: tuple[int, ...]
    """Slowest dimension first, as numpy and torch have it."""
    type_number: int
    """Of ``gguf.GGMLQuantizationType``."""
    start_byte: int
    """From the beginning of the file."""
    n_bytes: int


@dataclass(frozen=True, eq=False)
class GgufFile:
    """The header of a GGUF file."""

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, GgufTensor]

    @classmethod
    def read(cls, path: Path) -> "GgufFile":
        """Read the header and check that every tensor lies within the file.

        Raises ``ModelError`` for what is no GGUF file, is truncated or damaged, or holds a type that cannot be read.
        """
        try:
            return cls(path, *_read_header(path, _mapped(path)))
        except _TooShortError as error:
            raise ModelError(f"{path} is truncated or damaged: {error}. Copy or download the file again.") from None
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}.") from error

    @property
    def architecture(self) -> str:
        """Such as ``llama``."""
        return str(self.metadata.get("general.architecture", "unknown"))

    def weights(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Each tensor by name, as float32 of its shape; not to be written to."""
        from gguf import GGMLQuantizationType, dequantize

        data = _mapped(self.path)
        for name, tensor in self.tensors.items():
            raw = np.frombuffer(data, np.uint8, tensor.n_bytes, tensor.start_byte)
            rows = raw.reshape(*tensor.shape[:-1], -1)
            yield name, dequantize(rows, GGMLQuantizationType(tensor.type_number)).reshape(tensor.shape)


def _mapped(path: Path) -> mmap.mmap:
    """The file's bytes; the last array that looks into them closes them."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:  # nothing that could be mapped
            raise ModelError(f"{path} is empty, so it is not a GGUF file.")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class _Cursor:
    """Reads one thing after another; raises ``_TooShortError`` where it would pass the end."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.at = 0

    def number(self, letter: str) -> Any:
        try:
            (value,) = struct.unpack_from(f"<{letter}", self._data, self.at)
        except struct.error:
            raise _TooShortError("the header goes on beyond the end of the file") from None
        self.at += struct.calcsize(f"<{letter}")
        return value

    def text(self) -> str:
        length = self.number("Q")
        self._check(length)
        raw = self._data[self.at : self.at + length]
        self.at += length
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise _TooShortError("a text of the header is not UTF-8") from None

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            return self._array()
        if kind not in _SCALARS:
            raise _TooShortError(f"a value of the header has the type {kind}, which is none")
        value = self.number(_SCALARS[kind])
        # A float32 as it was written: 1e-05, not the double that comes nearest, 9.99999974e-06.
        return float(str(np.float32(value))) if kind == _FLOAT32 else value

    def _array(self) -> list[str] | NDArray[Any]:
        kind, length = self.number("I"), self.number("Q")
        if kind == _STRING:
            if length > _MOST_TEXTS:
                raise _TooShortError(f"a list of the header announces {length} texts")
            self._check(8 * length)  # each has its length in front
            return [self.text() for _ in range(length)]
        if kind not in _SCALARS:
            raise _TooShortError(f"a list of the header has the type {kind}, which is none")
        dtype = np.dtype(_SCALARS[kind]).newbyteorder("<")
        self._check(dtype.itemsize * length)
        values = np.frombuffer(self._data, dtype, length, self.at).copy()
        self.at += dtype.itemsize * length
        return values

    def _check(self, length: int) -> None:
        if length > len(self._data) - self.at:
            raise _TooShortError("the header goes on beyond the end of the file")


def _read_header(path: Path, data: mmap.mmap) -> tuple[dict[str, Any], dict[str, GgufTensor]]:
    if (start := data[:4]) != MAGIC:
        raise ModelError(
            f"{path} is not a GGUF file: it begins with {start!r} and not with {MAGIC!r}. "
            "--model takes a model folder, a GGUF file or a Hugging Face name."
        )
    cursor = _Cursor(data)
    cursor.at = len(MAGIC)
    if (version := cursor.number("I")) not in _VERSIONS:
        shown = str(version) if version & 0xFFFF else f"{version >> 24}, big-endian"
        raise ModelError(
            f"{path} is GGUF of version {shown}; read are the versions {' and '.join(map(str, _VERSIONS))}, "
            "little-endian. Convert the model again."
        )
    n_tensors, n_keys = cursor.number("Q"), cursor.number("Q")
    if n_tensors > _MOST_TENSORS or n_keys > _MOST_KEYS:
        raise ModelError(
            f"The header of {path} announces {n_tensors} tensors and {n_keys} keys; at most {_MOST_TENSORS} and "
            f"{_MOST_KEYS} are read. The file is damaged or no language model."
        )
    metadata = {cursor.text(): cursor.value(cursor.number("I")) for _ in range(n_keys)}
    entries = [_tensor_entry(cursor) for _ in range(n_tensors)]
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1:
        raise _TooShortError(f"its alignment is {alignment!r}")
    base = -(-cursor.at // alignment) * alignment
    tensors = {
        name: _place(path, name, shape, type_number, base + offset, len(data))
        for name, shape, type_number, offset in entries
    }
    return metadata, tensors


def _tensor_entry(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape, type and offset."""
    name = cursor.text()
    if (n_dimensions := cursor.number("I")) > _MOST_DIMENSIONS:
        raise _TooShortError(f"the tensor {name} has {n_dimensions} dimensions")
    shape = tuple(cursor.number("Q") for _ in range(n_dimensions))[::-1]
    return name, shape, cursor.number("I"), cursor.number("Q")


def _place(path: Path, name: str, shape: tuple[int, ...], type_number: int, start: int, size: int) -> GgufTensor:
    """The tensor at byte ``start`` of a file of ``size`` bytes."""
    if (block := _block(type_number)) is None:
        from gguf import GGMLQuantizationType

        known = {kind.value: kind.name for kind in GGMLQuantizationType}
        raise ModelError(
            f"{path} holds {name} in the quantisation type {known.get(type_number, f'number {type_number}')}, "
            "which cannot be read. Take the model in another type, such as Q4_K_M, Q8_0 or F16."
        )
    per_block, block_bytes = block
    if not shape or shape[-1] % per_block or 0 in shape:
        raise _TooShortError(f"{name} has the shape {shape}, which is no whole number of blocks of {per_block}")
    n_bytes = math.prod(shape) // per_block * block_bytes
    if start + n_bytes > size:
        raise _TooShortError(f"{name} ends at byte {start + n_bytes} and the file has {size}")
    return GgufTensor(shape, type_number, start, n_bytes)


@cache
def _block(type_number: int) -> tuple[int, int] | None:
    """Numbers and bytes of one block of a quantisation type; None where it cannot be made into numbers again."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, dequantize

    try:
        kind = GGMLQuantizationType(type_number)
        per_block, block_bytes = GGML_QUANT_SIZES[kind]
        dequantize(np.zeros((1, block_bytes), np.uint8), kind)  # the only question that says which are known
    except (ValueError, KeyError, NotImplementedError):
        return None
    return per_block, block_bytes
