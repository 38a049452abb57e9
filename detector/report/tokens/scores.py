"""Per-token scores as a JSON record and as a table."""

from typing import TYPE_CHECKING, Any

import numpy as np

from detector.documents.disguises import counts_of

if TYPE_CHECKING:
    from detector.documents.folding import FoldedText
    from detector.models.language_model import LanguageModel
    from detector.records.token_scores import TokenScores

SCHEMA_VERSION = 1


def to_record(scores: "TokenScores", scored: "FoldedText", language_model: "LanguageModel") -> dict[str, Any]:
    """The record that ``detect score --json`` prints; ``top`` holds [text, probability], best first.

    ``scored`` is the text that was scored; places are those of the text as given, of which it was made.
    """
    places = [scored.original_span(int(a), int(b)) for a, b in zip(scores.start_char, scores.end_char, strict=True)]
    return {
        "schema_version": SCHEMA_VERSION,
        "model": {"name": language_model.name, "fingerprint": scores.model_fingerprint},
        "first_token": scores.first_token,
        "window_tokens": scores.window_tokens,
        "disguises_undone": counts_of(scored.disguises),
        "tokens": [
            {
                "id": int(scores.token_ids[i]),
                "text": scored.text[scores.start_char[i] : scores.end_char[i]],
                "start_char": places[i][0],
                "end_char": places[i][1],
                "log_prob_nats": _finite_or_none(scores.log_prob_nats[i]),
                "rank": int(scores.rank[i]),
                "entropy_nats": _finite_or_none(scores.entropy_nats[i]),
                "top": _alternatives(scores, i, language_model),
            }
            for i in range(len(scores))
        ],
    }


def _finite_or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _alternatives(scores: "TokenScores", position: int, language_model: "LanguageModel") -> list[list[Any]]:
    return [
        [language_model.tokenizer.decode([int(token)]), _finite_or_none(np.exp(log_prob))]
        for token, log_prob in zip(scores.top_ids[position], scores.top_log_prob_nats[position], strict=True)
    ]


def print_table(scores: "TokenScores", scored: "FoldedText", language_model: "LanguageModel") -> None:
    """One line a token, columns apart by tabs when piped."""
    print("token\tsurprise_bits\trank\tentropy_nats\talternatives")
    for i, bits in enumerate(scores.surprisal_bits):
        alternatives = " ".join(f"{word!r}:{p or 0:.2f}" for word, p in _alternatives(scores, i, language_model))
        shown = scored.text[scores.start_char[i] : scores.end_char[i]]
        print(f"{shown!r}\t{bits:.2f}\t{scores.rank[i]}\t{scores.entropy_nats[i]:.2f}\t{alternatives}")
