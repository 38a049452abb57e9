"""Token scores kept in one SQLite file, so that broken-off scoring goes on and new features need no new pass.

A row belongs to a model fingerprint, the fingerprint of its voices and the hash of a text; nothing
is ever read for another. For work folders only: token ids are text in another spelling.
"""

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from detector.errors import InputError
from detector.models.language_model import LanguageModel
from detector.scoring.engine import score_texts
from detector.scoring.records import TokenScores

_COLUMNS = (
    "token_ids", "start_char", "end_char", "log_prob_nats", "rank", "entropy_nats", "log_prob_variance",
    "max_log_prob_nats",
)  # fmt: skip
_VOICE_COLUMNS = ("human_log_prob_nats", "machine_log_prob_nats")
_TEXTS_PER_COMMIT = 32


def cached_scores(
    language_model: LanguageModel,
    texts: Sequence[str],
    path: Path | None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[TokenScores]:
    """Scores of ``texts`` in their order, with the model's voices if it has them.

    Those that ``path`` holds are read; the others are computed first and written there as they come,
    so that a run that was broken off goes on. ``report`` is called with (texts scored, texts to score).
    Without a path everything is computed.
    """
    voices = language_model.voices
    if path is None:
        yield from score_texts(language_model, texts, voices=voices)
        return
    made_by = f"{language_model.fingerprint}+{voices.fingerprint if voices else ''}"
    keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
    connection = _open(path)
    try:
        known = {key for (key,) in connection.execute("SELECT text FROM scores WHERE made_by = ?", (made_by,))}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        scored = score_texts(language_model, list(missing.values()), voices=voices)
        for number, (key, scores) in enumerate(zip(missing, scored, strict=True), start=1):
            connection.execute("INSERT OR REPLACE INTO scores VALUES (?, ?, ?)", (made_by, key, _packed(scores)))
            if number % _TEXTS_PER_COMMIT == 0 or number == len(missing):
                connection.commit()
                report(number, len(missing))
        for key in keys:
            (packed,) = connection.execute(
                "SELECT columns FROM scores WHERE made_by = ? AND text = ?", (made_by, key)
            ).fetchone()
            yield _unpacked(packed, language_model)
    except (sqlite3.DatabaseError, SafetensorError, zlib.error) as error:
        raise _damaged(path, error) from error
    finally:
        connection.close()


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


def _packed(scores: TokenScores) -> bytes:
    names = _COLUMNS + (_VOICE_COLUMNS if scores.human_log_prob_nats is not None else ())
    return zlib.compress(save({name: np.ascontiguousarray(getattr(scores, name)) for name in names}), level=1)


def _unpacked(packed: bytes, language_model: LanguageModel) -> TokenScores:
    columns = load(zlib.decompress(packed))
    n = len(columns["rank"])
    return TokenScores(
        **columns,
        top_ids=np.zeros((n, 0), dtype=np.int32),
        top_log_prob_nats=np.zeros((n, 0), dtype=np.float32),
        first_token=language_model.first_token,
        window_tokens=language_model.window_tokens,
        model_fingerprint=language_model.fingerprint,
    )
