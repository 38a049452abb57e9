"""What is fuzzed: a function of bytes that must end well whatever they are, and bytes to begin with.

To end well is to return, or to raise the error that the function under test promises; anything else is a finding.
"""

import asyncio
import json
import shutil
import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from detector.errors import CalibrationError, InputError, ModelError, UsageError
from tests.documents import hostile_files
from tests.documents.files_made_here import epub, open_document, pdf, unzipped, word, zipped


@dataclass(frozen=True)
class Target:
    """One thing that is fuzzed."""

    check: Callable[[bytes], None]
    """Raises for a finding."""
    seeds: Callable[[], list[bytes]]


@cache
def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="detect-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))  # noqa: S108
    import atexit

    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _file(name: str, data: bytes) -> Path:
    path = _scratch() / name
    path.write_bytes(data)
    return path


def _is_whole(text: str) -> None:
    assert isinstance(text, str)
    assert text


# readers of documents

MAIN, RELATIONS = "word/document.xml", "word/_rels/document.xml.rels"
BODY = "<w:p><w:r><w:t>The boats</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>x</w:t></w:r></w:p><w:tbl/>"
PARAGRAPHS = (
    '<text:p>The boats<text:s text:c="3"/><text:note><text:note-body>were</text:note-body></text:note></text:p>'
)
PAGE = b"<p>The <b>boats</b><!-- no --><div hidden>x</div><table><tr><td>1<td>2</table>&amp;&#x41;<script>x</script>"


def read_any(data: bytes) -> None:
    from detector.documents.reading import text_of

    if data[:64].lstrip().startswith(b"%PDF") or b"%PDF-" in data[:1024]:
        return  # PDFium may end the process: ``pdf`` has it in one of its own
    with suppress(InputError):
        text, doubts = text_of(data, "f")
        assert isinstance(text, str)
        assert all(isinstance(doubt, str) for doubt in doubts)


def _within(archive: bytes, member: str) -> Callable[[bytes], None]:
    """Reads a container in which one member is the bytes."""
    members = unzipped(archive)

    def check(data: bytes) -> None:
        read_any(zipped(members | {member: data}, zipfile.ZIP_STORED))

    return check


def read_web_page(data: bytes) -> None:
    read_any(b"<html>" + data)


def read_pdf(data: bytes) -> None:
    from detector.documents.isolated_reading import isolated_text_of
    from detector.documents.reading_limits import ReadingLimits

    with suppress(InputError):
        _is_whole(isolated_text_of(b"%PDF-1.4\n" + data, "f", ReadingLimits(processor_seconds=10, seconds=60))[0])


def _documents() -> list[bytes]:
    return [
        word("<w:p><w:r><w:t>The boats</w:t></w:r></w:p>"),
        open_document("<text:p>The boats</text:p>"),
        epub({"a": "<p>The boats</p>"}, ["a"]),
        b"<html>" + PAGE,
        "caf\u00e9".encode("utf-16"),
        b"caf\xe9 and more words in the western code page",
        b"{\\rtf1 The boats}",
        b"plain text",
    ]


# what a text goes through before it is scored


def fold_text(data: bytes) -> None:
    from detector.documents.folding import fold
    from detector.documents.language import language_of
    from detector.documents.quotations import quotations
    from detector.documents.selection import select
    from detector.documents.suitability import other_than_prose

    text = data.decode("utf-8", "surrogatepass" if data[:1] < b"\x80" else "replace") if _decodes(data) else ""
    folded = fold(text)
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    assert folded.text == folded.text.strip(" ")
    last = 0
    for start, end in zip(folded.starts.tolist(), folded.ends.tolist(), strict=True):
        assert 0 <= last <= start < end <= len(text)
        last = start
    if folded.text:
        assert folded.original_span(0, len(folded.text)) == (int(folded.starts[0]), int(folded.ends[-1]))
    assert all(0 <= one.start < one.end <= len(text) for one in folded.disguises)
    assert all(0 <= at < len(text) for at in (*folded.closed_up, *folded.full_width))
    assert fold(folded.text).text == folded.text
    for start, end in quotations(text):
        assert 0 <= start < end <= len(text)
    language_of(folded.text)
    if folded.text:
        other_than_prose(folded.text)
    selected = select(text)
    of_selection = selected.folded()
    assert len(of_selection.starts) == len(of_selection.ends) == len(of_selection.text)
    assert all(0 <= one.start <= one.end <= len(text) for one in selected.apart)


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


# what a server and a corpus are sent


def web_json(data: bytes) -> None:
    from starlette.requests import Request

    from detector.web.api_bodies import one_or_more, one_text
    from detector.web.limits import Limits
    from detector.web.problems import RequestError

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": data, "more_body": False}

    async def ask() -> None:
        for read in (one_text, one_or_more):
            scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
            with suppress(RequestError):
                await read(Request(scope, receive), Limits())

    asyncio.run(ask())


def web_form(data: bytes) -> None:
    from starlette.requests import Request

    from detector.documents.reading import SourceText
    from detector.web.incoming import checked, read_form
    from detector.web.limits import Limits
    from detector.web.problems import RequestError

    head, _, body = data.partition(b"\n")
    headers = [(b"content-type", head[:200].strip() or b"multipart/form-data; boundary=x")]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def ask() -> None:
        request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
        form = await read_form(request, Limits())
        for files in form.files.values():
            for file in files:
                file.data.decode("latin-1")
        if "text" in form.texts:
            checked(SourceText("text", None, form.texts["text"]), Limits())

    with suppress(RequestError):
        asyncio.run(ask())


def _forms() -> list[bytes]:
    part = b"--x\r\nContent-Disposition: form-data; name="
    parts = part + b'"text"\r\n\r\nThe boats\r\n' + part + b'"file"; filename="a.txt"\r\n\r\nwere\r\n--x--\r\n'
    return [
        b"multipart/form-data; boundary=x\n" + parts,
        b"application/x-www-form-urlencoded\ntext=The+boats&file=x%20y",
    ]


def _table(name: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        from detector.corpus.tables import Layout, read_table

        path = _file(name, data)
        with suppress(UsageError):
            for document in read_table(path, name, Layout(most_characters=10_000)):
                assert (document.text is None) == (document.problem is not None)
                json.dumps(dict(document.fields)).encode()
                document.id.encode()

    return check


def _parquet_table() -> bytes:
    import pyarrow as pa

    from detector.corpus.sealed_parquet import to_sealed_parquet

    return to_sealed_parquet(pa.table({"id": ["a", "b"], "text": ["The boats", "were gone"], "n": [1, None]}))


# models of strangers


def gguf_header(data: bytes) -> None:
    from detector.models.gguf_file import GgufFile
    from detector.models.gguf_tokenizer import prefix_token

    with suppress(ModelError):
        file = GgufFile.read(_file("m.gguf", data))
        prefix_token(file)
        for _, values in file.weights():
            assert values.ndim


@cache
def _gguf() -> bytes:
    from tests.conftest import tiny_tokenizer
    from tests.models.gguf_made_here import write_gguf

    return write_gguf(_scratch() / "seed.gguf", tokenizer=tiny_tokenizer()).read_bytes()


def _gguf_seeds() -> list[bytes]:
    import struct

    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    key = text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")
    listed = text(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text(b"a") + text(b"b")
    tensor = text(b"a") + struct.pack("<IQIQ", 1, 8, 0, 0)
    small = b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + key + listed + tensor
    return [small + bytes(-len(small) % 32) + bytes(32), _gguf()[:20_000]]


def safetensors_header(data: bytes) -> None:
    from detector.models.voices import _read
    from detector.verdict.probe_model import ProbeModel

    path = _file("p.safetensors", data)
    with suppress(CalibrationError):
        ProbeModel.load(path)
    with suppress(ModelError):
        _read(path, "base")


def _safetensors_seeds() -> list[bytes]:
    import torch
    from safetensors.torch import save

    tensors = {"weights": torch.zeros(2, 1, 3), "bias": torch.zeros(2)}
    return [
        save(tensors, {"layers": "[1]", "base_fingerprint": "base"}),
        save(tensors, {"layers": "[[1]]"}),
        save(tensors),
    ]


# what a run keeps

RUN_ID = "0" * 32


@cache
def _store() -> Path:
    """A folder of a run with two parts and its ledger."""
    import pyarrow as pa

    from detector.corpus.documents import key_of
    from detector.corpus.ledger import Ledger
    from detector.corpus.sealed_parquet import to_sealed_parquet
    from detector.corpus.store import Store

    folder = _scratch() / "run"
    (folder / "results").mkdir(parents=True)
    for name in ("a", "b"):
        keys = [key_of(None, f"{name}{at}", None, 1) for at in range(20)]
        table = pa.table({"document_key": keys, "text_sha256": ["ab" * 32] * 20, "duplicate_of": [None, *["x"] * 19]})
        (folder / "results" / f"part-{name}.parquet").write_bytes(to_sealed_parquet(table))
    with Ledger.opened(Store(folder), RUN_ID):
        pass
    return folder


def ledger(data: bytes) -> None:
    """Whatever the ledger is, it ends in agreement with the parts."""
    from detector.corpus.ledger import Ledger
    from detector.corpus.store import Store

    folder = _store()
    for path in folder.glob("ledger.sqlite*"):
        path.unlink()
    (folder / "ledger.sqlite").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Ledger.opened(Store(folder), RUN_ID) as opened:
            rows = opened._connection.execute("SELECT key FROM documents WHERE part IS NOT NULL").fetchall()
            assert len({key for (key,) in rows}) == 40
            assert opened.absent() == 40
            assert list(opened.copies()) == []


def _ledgers() -> list[bytes]:
    folder = _store()
    with sqlite3.connect(folder / "ledger.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return [(folder / "ledger.sqlite").read_bytes()]


def part(data: bytes) -> None:
    """A part is as it was written, or named as damaged."""
    from detector.corpus.sealed_parquet import check_seal, read_sealed_parquet

    path = _file("part.parquet", data)
    with suppress(UsageError):
        table = read_sealed_parquet(path)
        table.validate(full=True)
        check_seal(data)


def _of(*seeds: bytes) -> Callable[[], list[bytes]]:
    return lambda: list(seeds)


def _member(archive: bytes, name: str) -> Callable[[], list[bytes]]:
    return lambda: [unzipped(archive)[name]]


CONTENT = "content.xml"
BOOK = "OPS/book.opf"
CSV = b'id,text,text\na,"The ""boats""\nwere",x\nb,gone,\n'
JSON = b'{"text": "The boats", "id": "a", "top": 5}'
JSONL = b'{"text": "The boats", "n": [1, {"a": NaN}]}\n{"text": 5}\nx\n'
TEXTS = (
    "\u201cThe\u200b boats\u2026\u201d",
    "p\u0430ssword \U0001d41a\U0001d41b\U0001d41c",
    "\u0130I\ufb01 \U0001f600\ufe0f",
)
TARGETS = {
    "readers": Target(read_any, _documents),
    "word": Target(_within(word(""), MAIN), _member(word(BODY), MAIN)),
    "word_relations": Target(_within(word(""), RELATIONS), _member(word("", footnotes=""), RELATIONS)),
    "open_document": Target(
        _within(open_document(""), "content.xml"), _member(open_document(PARAGRAPHS), "content.xml")
    ),
    "epub": Target(_within(epub({"a": ""}, ["a"]), BOOK), _member(epub({"a": ""}, ["a"]), BOOK)),
    "web_page": Target(read_web_page, _of(PAGE)),
    "pdf": Target(read_pdf, lambda: [pdf([["The boats", "were gone."]])[9:], hostile_files.nested_forms(2, 2)[9:]]),
    "folding": Target(fold_text, _of(*(text.encode() for text in TEXTS))),
    "web_json": Target(web_json, _of(JSON, b"[" * 50, b'{"text": "\\ud800"}')),
    "web_form": Target(web_form, _forms),
    "csv": Target(_table("t.csv"), _of(CSV, b"text;id\n\xff;1\n")),
    "jsonl": Target(_table("t.jsonl"), _of(JSONL)),
    "parquet": Target(_table("t.parquet"), lambda: [_parquet_table()]),
    "gguf": Target(gguf_header, _gguf_seeds),
    "safetensors": Target(safetensors_header, _safetensors_seeds),
    "ledger": Target(ledger, _ledgers),
    "part": Target(part, lambda: [_parquet_table()]),
}
