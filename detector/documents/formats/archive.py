"""Zip containers and the XML in them, from strangers: bounded when unpacked, and nothing from outside is fetched."""

import io
import struct
import zipfile
import zlib
from typing import Any

from detector.errors import InputError

MOST_UNPACKED_BYTES = 64 * 2**20
"""Unpacked from one file in all; a long novel has one or two million."""

MOST_ELEMENTS = 3_000_000
"""Elements of markup in one file; a long novel in which every word is marked has one or two million."""
_MOST_LISTED = 100_000
"""Elements of a list of parts or chapters, which are kept."""

_ENCRYPTED = 0x1
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, KeyError, ValueError, RuntimeError)


class Archive:
    """A zip file of which members are unpacked one by one, as long as the allowance lasts.

    Raises ``InputError`` for damage, passwords, and more than ``MOST_UNPACKED_BYTES`` unpacked.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self._name = name
        self._left = MOST_UNPACKED_BYTES
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGE:
            raise InputError(f"{name} is a zip container that is damaged or cut off. Save it anew.") from None
        self.members = frozenset(self._zip.namelist())

    def read(self, member: str) -> bytes:
        """The bytes of a member; raises ``InputError`` if there is none."""
        try:
            entry = self._zip.getinfo(member)
            if entry.flag_bits & _ENCRYPTED:
                raise InputError(f"{self._name} is protected with a password. Save it without one and try again.")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise NotImplementedError("it is packed by a method that documents do not use")
            with self._zip.open(entry) as packed:
                # one byte more than allowed tells; what the entry says of its size may be a lie
                data = packed.read(self._left + 1)
        except _DAMAGE as error:
            raise self._damaged(error) from None
        self._left -= len(data)
        if self._left < 0:
            raise InputError(
                f"{self._name} unpacks to more than {MOST_UNPACKED_BYTES >> 20} MB of text and markup, "
                "far more than a document holds, so it was not read."
            )
        return data

    def _damaged(self, error: Exception) -> InputError:
        why = str(error).strip("'\"") or type(error).__name__
        return InputError(f"{self._name} is a zip container that is damaged or cut off ({why}). Save it anew.")


def feed_xml(data: bytes, handler: Any, name: str) -> None:
    """Tell ``handler`` (``start(tag, attributes)``, ``end(tag)``, ``data(text)``) of an XML document, in order.

    Entities and external references are refused, and more elements than a document has. Raises ``InputError``.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    check_tags(data.count(b"<"), name)
    parser = DefusedXMLParser(target=handler)
    try:
        parser.feed(data)
        parser.close()
    except (ParseError, ValueError, LookupError) as error:
        why = "it declares entities, which are not resolved" if isinstance(error, DefusedXmlException) else error
        raise InputError(f"{name} is damaged: the XML in it cannot be read ({why}). Save it anew.") from None


def check_tags(count: int, name: str) -> None:
    """Raise ``InputError`` for more tags than a document has."""
    if count > 2 * MOST_ELEMENTS:  # a start and an end
        raise InputError(
            f"{name} has more than {MOST_ELEMENTS:,} elements of markup, far more than a document has, so it was not "
            "read. Save the text alone."
        )


def local_name(tag: str) -> str:
    """Without the namespace.

    >>> local_name("{urn:x}body")
    'body'
    """
    return tag.rpartition("}")[2]


class _Elements:
    """Handler that keeps the elements of one flat list, such as a manifest: (local name, attributes)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.found: list[tuple[str, dict[str, str]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Called at each start tag."""
        if len(self.found) == _MOST_LISTED:
            raise InputError(f"{self._name} lists more than {_MOST_LISTED:,} parts, so it was not read.")
        self.found.append((local_name(tag), {local_name(name): value for name, value in attributes.items()}))


def elements(data: bytes, name: str) -> list[tuple[str, dict[str, str]]]:
    """All elements in order, as (local name, attributes by local name)."""
    handler = _Elements(name)
    feed_xml(data, handler, name)
    return handler.found
