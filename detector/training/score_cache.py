"""Token scores of many texts in one file, so that new features need no new pass of the model.

For the work folder only: token ids are text in another spelling.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from detector.errors import InputError
from detector.models.language_model import LanguageModel
from detector.scoring.engine import score_texts
from detector.scoring.records import TokenScores

_COLUMNS = (
    "token_ids", "start_char", "end_char", "log_prob_nats", "rank", "entropy_nats", "log_prob_variance",
    "max_log_prob_nats",
)  # fmt: skip
_VOICE_COLUMNS = ("human_log_prob_nats", "machine_log_prob_nats")


def cached_scores(language_model: LanguageModel, texts: Sequence[str], path: Path | None) -> list[TokenScores]:
    """Scores of ``texts``, with the model's voices if it has them.

    Read from ``path`` if they were made by the same model for the same texts; else computed and, if
    a path is given, written there.
    """
    voices = language_model.voices
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    made_of = [language_model.fingerprint, voices.fingerprint if voices else None, digest]
    if path is not None and path.exists():
        try:
            with safe_open(path, framework="numpy") as file:
                if (file.metadata() or {}).get("made_of") == json.dumps(made_of):
                    columns = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                    return _split(columns, language_model)
        except SafetensorError as error:
            raise InputError(f"{path} is damaged ({error}); delete it, and the texts are scored again.") from error
    scored = list(score_texts(language_model, texts, voices=voices))
    if path is not None and scored:
        names = _COLUMNS + (_VOICE_COLUMNS if voices else ())
        columns = {name: np.concatenate([getattr(scores, name) for scores in scored]) for name in names}
        columns["lengths"] = np.array([len(scores) for scores in scored], dtype=np.int64)
        save_file(columns, path, metadata={"made_of": json.dumps(made_of)})
    return scored


def _split(columns: dict[str, np.ndarray], language_model: LanguageModel) -> list[TokenScores]:
    ends = np.cumsum(columns.pop("lengths"))
    parts = {name: np.split(column, ends[:-1]) for name, column in columns.items()}
    return [
        TokenScores(
            **{name: pieces[i] for name, pieces in parts.items()},
            top_ids=np.zeros((len(parts["rank"][i]), 0), dtype=np.int32),
            top_log_prob_nats=np.zeros((len(parts["rank"][i]), 0), dtype=np.float32),
            first_token=language_model.first_token,
            window_tokens=language_model.window_tokens,
            model_fingerprint=language_model.fingerprint,
        )
        for i in range(len(ends))
    ]
