"""Token scores kept in one SQLite file, so that broken-off scoring goes on and new features need no new pass.

A row belongs to a model fingerprint, the fingerprint of its voices, the layers whose states were pooled, and the hash
of a text; nothing is ever read for another. For work folders only: token ids are text in another spelling.
"""

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from detector.errors import InputError
from detector.models.language_model import LanguageModel
from detector.records.token_scores import TokenScores
from detector.scoring.engine import score_texts
from detector.scoring.probe import EveryState
from detector.training.pooled_states import PooledStates, pool

_COLUMNS = (
    "token_ids", "start_char", "end_char", "log_prob_nats", "rank", "entropy_nats", "log_prob_variance",
    "max_log_prob_nats",
)  # fmt: skip
_VOICE_COLUMNS = ("human_log_prob_nats", "machine_log_prob_nats")
_TEXTS_PER_COMMIT = 32
"""Also how many texts have the states of all their tokens in memory at once, where states are pooled."""


@dataclass(frozen=True, eq=False)
class Scored:
    """What the cache holds of a text."""

    scores: TokenScores
    states: PooledStates | None = None
    """None unless layers were asked for."""


@dataclass(frozen=True, eq=False)
class StatesOnly:
    """Of a text whose probabilities nobody needs, which spares the vocabulary and the layers above the highest."""

    states: PooledStates
    end_char: NDArray[np.int32]
    """One past the last character of each token, (n,)."""

    def as_scored(self, language_model: LanguageModel) -> Scored:
        """The same as scores without probabilities, such as a quick reading has; ids and beginnings are not kept."""
        n = len(self.end_char)
        unknown, zeros = np.full(n, np.nan, dtype=np.float32), np.zeros(n, dtype=np.int32)
        columns: dict[str, NDArray[Any]] = dict.fromkeys(
            ("log_prob_nats", "entropy_nats", "log_prob_variance", "max_log_prob_nats"), unknown
        )
        columns |= dict.fromkeys(("token_ids", "start_char", "rank"), zeros) | {"end_char": self.end_char}
        return Scored(_scores(columns, language_model), self.states)


def cached_scores(
    language_model: LanguageModel,
    texts: Sequence[str],
    path: Path | None,
    report: Callable[[int, int], None] = lambda done, total: None,
    layers: tuple[int, ...] = (),
) -> Iterator[Scored]:
    """Scores of ``texts`` in their order, with the model's voices if it has them, and states of ``layers`` pooled.

    Those that ``path`` holds are read; the others are computed first and written there as they come,
    so that a run that was broken off goes on. ``report`` is called with (texts scored, texts to score).
    Without a path everything is computed.
    """
    if path is None:
        yield from _score(language_model, texts, layers)
        return
    voices = language_model.voices
    made_by = f"{language_model.fingerprint}+{voices.fingerprint if voices else ''}"
    if layers:
        made_by += "+" + ",".join(map(str, layers))

    def compute(missing: list[str]) -> Iterator[bytes]:
        return map(_packed, _score(language_model, missing, layers))

    for packed in _cached(path, made_by, texts, compute, report):
        yield _unpacked(packed, language_model, layers)


def cached_states(
    language_model: LanguageModel,
    texts: Sequence[str],
    path: Path,
    layers: tuple[int, ...],
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[StatesOnly]:
    """Pooled states of ``texts`` in their order, kept in the same file as ``cached_scores`` keeps its own."""
    made_by = f"{language_model.fingerprint}+states+" + ",".join(map(str, layers))

    def compute(missing: list[str]) -> Iterator[bytes]:
        for one in pool_texts(language_model, missing, layers):
            columns = {"end_char": one.end_char, "piece_ends": one.states.ends, "pooled": one.states.means}
            yield zlib.compress(save(columns), level=1)

    for packed in _cached(path, made_by, texts, compute, report):
        columns = load(zlib.decompress(packed))
        yield StatesOnly(PooledStates(layers, columns["piece_ends"], columns["pooled"]), columns["end_char"])


def pool_texts(language_model: LanguageModel, texts: Sequence[str], layers: tuple[int, ...]) -> Iterator[StatesOnly]:
    """The same without a file."""
    reader = EveryState(layers, language_model.hidden_size)
    for start in range(0, len(texts), _TEXTS_PER_COMMIT):
        group = texts[start : start + _TEXTS_PER_COMMIT]
        read = score_texts(language_model, group, probe=reader, probabilities=False)
        for text, scores in zip(group, read, strict=True):
            yield StatesOnly(pool(scores, text, layers), scores.end_char)


def _cached(
    path: Path,
    made_by: str,
    texts: Sequence[str],
    compute: Callable[[list[str]], Iterator[bytes]],
    report: Callable[[int, int], None],
) -> Iterator[bytes]:
    """What the file holds of each text under this name, once the missing ones have been computed."""
    keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
    connection = _open(path)
    try:
        known = {key for (key,) in connection.execute("SELECT text FROM scores WHERE made_by = ?", (made_by,))}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        for number, (key, packed) in enumerate(zip(missing, compute(list(missing.values())), strict=True), start=1):
            connection.execute("INSERT OR REPLACE INTO scores VALUES (?, ?, ?)", (made_by, key, packed))
            if number % _TEXTS_PER_COMMIT == 0 or number == len(missing):
                connection.commit()
                report(number, len(missing))
        for key in keys:
            (packed,) = connection.execute(
                "SELECT columns FROM scores WHERE made_by = ? AND text = ?", (made_by, key)
            ).fetchone()
            yield packed
    except (sqlite3.DatabaseError, SafetensorError, zlib.error) as error:
        raise _damaged(path, error) from error
    finally:
        connection.close()


def _score(language_model: LanguageModel, texts: Sequence[str], layers: tuple[int, ...]) -> Iterator[Scored]:
    if not layers:
        yield from map(Scored, score_texts(language_model, texts, voices=language_model.voices))
        return
    reader = EveryState(layers, language_model.hidden_size)
    for start in range(0, len(texts), _TEXTS_PER_COMMIT):  # no more texts at once than their states have room for
        group = texts[start : start + _TEXTS_PER_COMMIT]
        scored = score_texts(language_model, group, voices=language_model.voices, probe=reader)
        for text, scores in zip(group, scored, strict=True):
            yield Scored(replace(scores, probe=None), pool(scores, text, layers) if len(scores) else None)


def _open(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=60)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS scores (made_by TEXT, text BLOB, columns BLOB, PRIMARY KEY (made_by, text))"
        )
        connection.commit()
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error
    return connection


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"The score cache {path} cannot be used ({error}); name another, or delete it to score again.")


def _packed(one: Scored) -> bytes:
    names = _COLUMNS + (_VOICE_COLUMNS if one.scores.human_log_prob_nats is not None else ())
    columns = {name: np.ascontiguousarray(getattr(one.scores, name)) for name in names}
    if one.states is not None:
        columns |= {"piece_ends": one.states.ends, "pooled": one.states.means}
    return zlib.compress(save(columns), level=1)


def _unpacked(packed: bytes, language_model: LanguageModel, layers: tuple[int, ...]) -> Scored:
    columns = load(zlib.decompress(packed))
    ends, means = columns.pop("piece_ends", None), columns.pop("pooled", None)
    return Scored(_scores(columns, language_model), None if ends is None else PooledStates(layers, ends, means))


def _scores(columns: Mapping[str, NDArray[Any]], language_model: LanguageModel) -> TokenScores:
    n = len(columns["rank"])
    return TokenScores(
        **columns,
        top_ids=np.zeros((n, 0), dtype=np.int32),
        top_log_prob_nats=np.zeros((n, 0), dtype=np.float32),
        first_token=language_model.first_token,
        window_tokens=language_model.window_tokens,
        model_fingerprint=language_model.fingerprint,
    )
