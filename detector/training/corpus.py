"""Text shards or plain text files in, documents with a genre and a split out.

A shard is a ``GENRE__NAME.jsonl`` or ``.jsonl.zst`` file with lines ``{"text", "source"}``. Plain text
files (``.txt``, ``.md``) are found in every subfolder, whose name is their genre, and are cut into
parts. The split depends on nothing but the document's own key, so a held-out document is held out
for every model and every run, whatever the order, the seed or the other files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detector.documents.hashing import unit_hash
from detector.documents.jsonl import read_jsonl
from detector.documents.reading import read_source
from detector.documents.reading_limits import MOST_CHARACTERS_OF_A_SAMPLE
from detector.errors import InputError

Split = Literal["train", "validation", "reference"]
SPLITS: tuple[Split, ...] = ("train", "validation", "reference")

VALIDATION_SHARE = 0.02
REFERENCE_SHARE = 0.02
PARAGRAPH_SHARE = 0.25
PART_CHARACTERS = 4_000
"""Length of the parts of a plain text file; each part is held out or not on its own."""

# Share of the training tokens by genre. The corpus is rich in fiction and science and poor in what
# people hand to a detector (news, reviews, web prose), so the first are capped, the second raised.
GENRE_SHARES = {
    "science": 0.14,
    "news": 0.14,
    "fiction": 0.12,
    "encyclopedic": 0.12,
    "reviews": 0.12,
    "dialogue": 0.08,
    "web": 0.07,
    "gov_speech": 0.05,
    "tech": 0.05,
    "blog": 0.04,
    "qa": 0.04,
    "legal": 0.03,
}

# Pieces of one book (#12), an article and its reviews (#sub0.1).
_PART_SUFFIX = re.compile(r"#(sub)?[\d.]+$", re.IGNORECASE)
# One story told at three reading levels, in three folders: never held out, since its twins are not.
_RETOLD = re.compile(r"-(adv|int|ele)(-txt)?\.txt$", re.IGNORECASE)


@dataclass(frozen=True)
class CorpusDocument:
    """One training document, its whitespace already collapsed."""

    text: str
    source: str
    genre: str
    split: Split


def document_key(source: str) -> str:
    """The name that all parts of one work share.

    >>> document_key("novels/Emma.txt#12")
    'novels/Emma.txt'
    """
    return _PART_SUFFIX.sub("", source)


def split_of(source: str) -> Split:
    """Validation 2 %, human reference 2 %, train the rest, by hash of the work's key."""
    if _RETOLD.search(source):
        return "train"
    position = unit_hash(document_key(source))
    if position < VALIDATION_SHARE:
        return "validation"
    if position < VALIDATION_SHARE + REFERENCE_SHARE:
        return "reference"
    return "train"


def collapse(text: str, source: str) -> str:
    """Every run of whitespace becomes one character.

    In a quarter of the documents, chosen by hash, a paragraph break becomes one newline, so that
    the model knows what a line break is; everywhere else it becomes a space like any other run.
    """
    if unit_hash("paragraphs:" + source) < PARAGRAPH_SHARE:
        paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
        return "\n".join(part for part in paragraphs if part)
    return " ".join(text.split())


def corpus_paths(corpus_dir: Path) -> list[Path]:
    """The shards of a folder, or else its text files, sorted by name; raises ``InputError`` when there are none."""
    shards = [*corpus_dir.glob("*.jsonl"), *corpus_dir.glob("*.jsonl.zst")]
    # Beside shards a text file is a note about them, not part of the corpus.
    paths = sorted(shards or [*corpus_dir.rglob("*.txt"), *corpus_dir.rglob("*.md")])
    if not paths:
        raise InputError(
            f"No corpus in {corpus_dir}: expected a folder with text files (.txt, .md), or with shards named "
            "GENRE__NAME.jsonl or GENRE__NAME.jsonl.zst."
        )
    return paths


def _parts(text: str) -> Iterator[str]:
    """A text in parts of about ``PART_CHARACTERS``, cut after a paragraph where there is one near, else at a space."""
    start = 0
    while start < len(text):
        end = start + PART_CHARACTERS
        if end < len(text):
            half = start + PART_CHARACTERS // 2
            end = next((at for mark in ("\n\n", " ") if (at := text.rfind(mark, half, end)) > 0), end)
        yield text[start:end]
        start = end


def read_documents(corpus_dir: Path) -> Iterator[CorpusDocument]:
    """All documents of a corpus folder, in the order of the files."""
    for path in corpus_paths(corpus_dir):
        if path.suffix in (".txt", ".md"):
            yield from _read_text_file(path, corpus_dir)
            continue
        genre = path.name.split("__")[0]
        for _, record in read_jsonl(path, required=("text", "source")):
            source = record["source"]
            yield CorpusDocument(collapse(record["text"], source), source, genre, split_of(source))


def _read_text_file(path: Path, corpus_dir: Path) -> Iterator[CorpusDocument]:
    name = path.relative_to(corpus_dir)
    genre = name.parts[0] if len(name.parts) > 1 else "text"
    for number, part in enumerate(_parts(read_source(str(path), MOST_CHARACTERS_OF_A_SAMPLE).text)):
        source = f"{name.as_posix()}, part {number}"
        if text := collapse(part, source):
            yield CorpusDocument(text, source, genre, split_of(source))
