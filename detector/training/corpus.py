"""Text shards in, documents with a genre and a split out.

A shard is a ``GENRE__NAME.jsonl`` or ``.jsonl.zst`` file with lines ``{"text", "source"}``. The split
depends on nothing but the document's own key, so a held-out document is held out for every model
and every run, whatever the order, the seed or the other shards.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detector.documents.hashing import unit_hash
from detector.documents.jsonl import read_jsonl
from detector.errors import InputError

Split = Literal["train", "validation", "reference"]
SPLITS: tuple[Split, ...] = ("train", "validation", "reference")

VALIDATION_SHARE = 0.02
REFERENCE_SHARE = 0.02
PARAGRAPH_SHARE = 0.25

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


def shard_paths(corpus_dir: Path) -> list[Path]:
    """The shards of a folder, sorted by name; raises ``InputError`` when there are none."""
    paths = sorted([*corpus_dir.glob("*.jsonl"), *corpus_dir.glob("*.jsonl.zst")])
    if not paths:
        raise InputError(
            f"No corpus shard in {corpus_dir}: expected files named GENRE__NAME.jsonl or GENRE__NAME.jsonl.zst."
        )
    return paths


def read_documents(corpus_dir: Path) -> Iterator[CorpusDocument]:
    """All documents of a corpus folder, in the order of the files."""
    for path in shard_paths(corpus_dir):
        genre = path.name.split("__")[0]
        for _, record in read_jsonl(path, required=("text", "source")):
            source = record["source"]
            yield CorpusDocument(collapse(record["text"], source), source, genre, split_of(source))
