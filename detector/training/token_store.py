"""Documents tokenised once into one memory-mapped uint16 file, and the order they are read in.

``tokens.bin`` holds every document as BOS + ids; ``documents.npz`` says where each starts, its
genre, split and size in bytes.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from detector.errors import InputError
from detector.training.corpus import GENRE_SHARES, SPLITS, CorpusDocument

_BATCH = 512


@dataclass(frozen=True)
class TokenStore:
    """Token ids of a corpus with an index; arrays have one entry a document."""

    tokens: np.ndarray  # uint16, (n_tokens,)
    starts: np.ndarray  # int64, (n_documents,)
    lengths: np.ndarray  # int64, BOS included
    genre_ids: np.ndarray  # int16, index into genres
    split_ids: np.ndarray  # int8, index into SPLITS
    genres: list[str]

    @classmethod
    def build(cls, documents: Iterable[CorpusDocument], tokenizer: Tokenizer, folder: Path) -> "TokenStore":
        """Tokenise a corpus into ``folder`` and open it."""
        folder.mkdir(parents=True, exist_ok=True)
        genres: dict[str, int] = {}
        lengths: list[int] = []
        genre_ids: list[int] = []
        split_ids: list[int] = []
        with (folder / "tokens.bin").open("wb") as out:

            def flush(batch: list[CorpusDocument]) -> None:
                for document, encoding in zip(
                    batch, tokenizer.encode_batch_fast([d.text for d in batch], add_special_tokens=False), strict=True
                ):
                    ids = np.array([0, *encoding.ids], dtype=np.uint16)
                    out.write(ids.tobytes())
                    lengths.append(len(ids))
                    genre_ids.append(genres.setdefault(document.genre, len(genres)))
                    split_ids.append(SPLITS.index(document.split))

            batch: list[CorpusDocument] = []
            for document in documents:
                batch.append(document)
                if len(batch) == _BATCH:
                    flush(batch)
                    batch = []
            flush(batch)
        if not lengths:
            raise InputError("The corpus holds no document, so there is nothing to train on.")
        counts = np.array(lengths, dtype=np.int64)
        np.savez(
            folder / "documents.npz",
            starts=np.concatenate([[0], np.cumsum(counts)[:-1]]),
            lengths=counts,
            genre_ids=np.array(genre_ids, dtype=np.int16),
            split_ids=np.array(split_ids, dtype=np.int8),
        )
        (folder / "genres.json").write_text(json.dumps(list(genres)))
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> "TokenStore":
        """Map a store written by ``build``; nothing is read into memory but the index."""
        index = np.load(folder / "documents.npz", allow_pickle=False)
        return cls(
            tokens=np.memmap(folder / "tokens.bin", dtype=np.uint16, mode="r"),
            starts=index["starts"],
            lengths=index["lengths"],
            genre_ids=index["genre_ids"],
            split_ids=index["split_ids"],
            genres=json.loads((folder / "genres.json").read_text()),
        )

    def select(self, split: str, genre: str | None = None) -> np.ndarray:
        """Indices of the documents of a split, and of one genre if named."""
        chosen = self.split_ids == SPLITS.index(split)
        if genre is not None:
            chosen &= self.genre_ids == self.genres.index(genre)
        return np.flatnonzero(chosen)


class TrainingStream:
    """Shuffled training rows of ``row_length`` + 1 tokens, the same for the same seed.

    Documents are drawn genre by genre until each has its share of ``n_tokens`` (a small genre is
    passed over more than once), shuffled, laid end to end and cut into rows; the rows are shuffled
    again, so that pieces of one long book do not fill a batch.
    """

    def __init__(self, store: TokenStore, n_tokens: int, row_length: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        shares = {g: GENRE_SHARES.get(g, 0.02) for g in store.genres if len(store.select("train", g))}
        if not shares:
            raise InputError("The corpus has no training document left after holding out validation and reference.")
        available = int(store.lengths[store.select("train")].sum())
        if available <= row_length:
            raise InputError(f"The corpus holds {available} training tokens; one row needs {row_length + 1}.")
        chosen = []
        for genre, share in shares.items():
            pool, target = store.select("train", genre), n_tokens * share / sum(shares.values())
            drawn = 0
            while drawn < target:
                order = rng.permutation(pool)
                cumulative = drawn + np.cumsum(store.lengths[order])
                take = int(np.searchsorted(cumulative, target)) + 1
                chosen.append(order[:take])
                drawn = int(cumulative[min(take, len(order)) - 1])
        self._documents = rng.permutation(np.concatenate(chosen))
        self._ends = np.cumsum(store.lengths[self._documents])
        self._store = store
        self._row_length = row_length
        n_rows = (int(self._ends[-1]) - 1) // row_length
        self._rows = rng.permutation(n_rows)

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> np.ndarray:
        """Row ``index`` (taken round and round), int64 of shape (row_length + 1,)."""
        begin = int(self._rows[index % len(self._rows)]) * self._row_length
        position = int(np.searchsorted(self._ends, begin, side="right"))
        pieces, missing = [], self._row_length + 1
        while missing:
            document = self._documents[position]
            skip = begin - int(self._ends[position] - self._store.lengths[document])
            start = int(self._store.starts[document]) + skip
            piece = self._store.tokens[start : start + min(missing, int(self._store.lengths[document]) - skip)]
            pieces.append(piece)
            missing -= len(piece)
            begin += len(piece)
            position += 1
        return np.concatenate(pieces).astype(np.int64)
