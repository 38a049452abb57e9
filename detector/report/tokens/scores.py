"""Per-token scores as a JSON record and as a table."""

from typing import TYPE_CHECKING, Any

import numpy as np

from detector.documents.disguises import counts_of

if TYPE_CHECKING:
    from detector.documents.folding import FoldedText
    from detector.models.language_model import LanguageModel
    from detector.records.token_scores import TokenScores

SCHEMA_VERSION = 1


def to_record(
    scores: "TokenScores", text: str, language_model: "LanguageModel", scored: "FoldedText | None" = None
) -> dict[str, Any]:
    """The record that ``detect score --json`` prints; ``top`` holds [text, probability], best first.

    ``scored`` is what was made of the text before it was scored; without it the text itself was.
    """
    places = _places(scores, text, scored)
    return {
        "schema_version": SCHEMA_VERSION,
        "model": {"name": language_model.name, "fingerprint": scores.model_fingerprint},
        "first_token": scores.first_token,
        "window_tokens": scores.window_tokens,
        "disguises_undone": counts_of(scored.disguises) if scored else {},
        "tokens": [
            {
                "id": int(scores.token_ids[i]),
                "text": text[places[i][0] : places[i][1]],
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


def _places(scores: "TokenScores", text: str, scored: "FoldedText | None") -> list[tuple[int, int]]:
    """Where each token stands in the text as given, without gaps: what was taken out belongs to the token after it."""
    spans = list(zip(scores.start_char.tolist(), scores.end_char.tolist(), strict=True))
    if scored is None:
        return spans
    places: list[tuple[int, int]] = []
    for start, end in (scored.original_span(*span) for span in spans):
        places.append((min(start, places[-1][1] if places else start), end))
    if places and spans[0][0] == 0:
        places[0] = (0, places[0][1])
    if places:
        places[-1] = (places[-1][0], len(text))
    return places


def _finite_or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _alternatives(scores: "TokenScores", position: int, language_model: "LanguageModel") -> list[list[Any]]:
    return [
        [language_model.tokenizer.decode([int(token)]), _finite_or_none(np.exp(log_prob))]
        for token, log_prob in zip(scores.top_ids[position], scores.top_log_prob_nats[position], strict=True)
    ]


def print_table(scores: "TokenScores", text: str, language_model: "LanguageModel", scored: "FoldedText") -> None:
    """One line a token, columns apart by tabs when piped."""
    places = _places(scores, text, scored)
    print("token\tsurprise_bits\trank\tentropy_nats\talternatives")
    for i, bits in enumerate(scores.surprisal_bits):
        alternatives = " ".join(f"{word!r}:{p or 0:.2f}" for word, p in _alternatives(scores, i, language_model))
        shown = text[places[i][0] : places[i][1]]
        print(f"{shown!r}\t{bits:.2f}\t{scores.rank[i]}\t{scores.entropy_nats[i]:.2f}\t{alternatives}")
