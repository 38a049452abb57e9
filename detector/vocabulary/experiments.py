"""Three experiments on what a model does with tokens it hardly knows.

**Repetition.** The token is given and given back for some rounds; does the model go on?

**Induction.** Sequences of n random ids from a range, each written twice behind the beginning-of-text token. A model
that reads its tokens copies the second half: its mean log-probability is near 0. Tokens it never learned to read
stay improbable. For each half the mean is over its n positions, each given everything before it, and over sequences.

**Logits of a range** on the same sequences. Logits are known up to a constant that softmax takes away, so they are
given as the model computes them and less their mean over the vocabulary ("centred"), which can be compared.

After an article of 2024 on GPT-2 small and Elhage et al., "A Mathematical Framework for Transformer Circuits" (2021).
The article uses one sequence; the mean over several has a standard error beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detector.errors import InputError, UsageError
from detector.generation.sampling import SamplingSettings, draw, next_distribution
from detector.models.language_model import LanguageModel
from detector.models.reading_on import read_on
from detector.vocabulary.in_context import TokenInContext
from detector.vocabulary.prompted_probability import PromptReader
from detector.vocabulary.prompts import Prompt, build_prompt, check_lengths, echo_form

_MOST_LOGITS = 16_000_000
_ALTERNATIVES = 5
_ANSWER_TOKENS = 4
_DRAWING = SamplingSettings(top_k=50, top_p=0.95)


@dataclass(frozen=True)
class Repetition:
    """What follows when a model is to give a token back once more."""

    token: TokenInContext
    rounds: int
    """Rounds shown before the one asked for."""
    seed: int
    log_prob_nats: tuple[float, ...]
    """Of the token as the output of each round, the one asked for last."""
    rank: int
    """In the last round; 1 where the model gives it back."""
    alternatives: tuple[tuple[int, float], ...]
    """The likeliest ids of the last round with their probabilities."""
    answers: tuple[tuple[int, ...], ...]
    """Ids drawn with top-k 50 and top-p 0.95."""

    @property
    def probability(self) -> float:
        """Of the token in the last round."""
        return float(np.exp(self.log_prob_nats[-1]))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "experiment": "repetition",
            "token_id": self.token.token_id,
            "left_ids": list(self.token.left),
            "right_ids": list(self.token.right),
            "rounds": self.rounds,
            "seed": self.seed,
            "probability": self.probability,
            "rank": self.rank,
            "log_prob_nats": list(self.log_prob_nats),
            "alternatives": [{"token_id": i, "probability": p} for i, p in self.alternatives],
            "answers": [list(answer) for answer in self.answers],
        }


@torch.inference_mode()
def repetition(
    language_model: LanguageModel, token: TokenInContext, rounds: int = 20, answers: int = 5, seed: int = 0
) -> Repetition:
    """Show the token for ``rounds`` rounds and ask for it. Raises ``InputError`` where that does not fit the model."""
    if rounds < 1:
        raise UsageError(f"The number of rounds is {rounds}; it must be at least 1.")
    _check_rows(language_model, token.token_id, token.token_id + 1)
    prompt = build_prompt(language_model, echo_form(rounds))
    # Every slot but the first input, so that every other one is an output.
    every = Prompt(prompt.name, prompt.prefix, prompt.after, slots_read=2 * rounds + 1)
    check_lengths([every], language_model, len(token.left) + len(token.right) + _ANSWER_TOKENS)
    reading = PromptReader(language_model, every).read([token])[0]
    ids = [*prompt.prefix, *prompt.suffix(token)[0][:-1]]
    drawn = torch.zeros(answers, 0, dtype=torch.long)
    rng = np.random.default_rng(seed)
    alternatives: tuple[tuple[int, float], ...] = ()
    for _ in range(_ANSWER_TOKENS):
        given = torch.cat([torch.tensor(ids).expand(answers, -1), drawn], dim=1)
        logits = _logits(language_model, given, last_only=True)[:, 0]
        if not alternatives:
            likeliest = logits[0].double().softmax(0).topk(min(_ALTERNATIVES, logits.shape[1]))
            alternatives = tuple(zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True))
        chosen = draw(next_distribution(logits, None, _DRAWING), torch.tensor(rng.random(answers)))
        drawn = torch.cat([drawn, chosen[:, None].cpu()], dim=1)
    answered = tuple(map(tuple, drawn.tolist()))
    return Repetition(token, rounds, seed, reading.log_prob_nats[::2], reading.rank[-1], alternatives, answered)


@dataclass(frozen=True, eq=False)
class Induction:
    """Log-probabilities on random sequences written twice."""

    ids: range
    seed: int
    log_prob_nats: NDArray[np.float64]
    """(sequences, 2 n); NaN in the first place for a model that has nothing to put before a text."""

    @property
    def n_random(self) -> int:
        """Ids in one half."""
        return self.log_prob_nats.shape[1] // 2

    @property
    def halves(self) -> NDArray[np.float64]:
        """Mean of each half of each sequence, (sequences, 2)."""
        first, second = self.log_prob_nats[:, : self.n_random], self.log_prob_nats[:, self.n_random :]
        return np.stack([np.nanmean(first, axis=1), np.nanmean(second, axis=1)], axis=1)

    @property
    def first_half_nats(self) -> float:
        """Mean log-probability of the first half."""
        return float(self.halves[:, 0].mean())

    @property
    def second_half_nats(self) -> float:
        """Mean log-probability of the second half."""
        return float(self.halves[:, 1].mean())

    @property
    def spread_nats(self) -> tuple[float, float]:
        """Standard deviation of each half's mean from one sequence to the next; NaN for a single one."""
        if len(self.halves) < 2:
            return (float("nan"), float("nan"))
        first, second = self.halves.std(axis=0, ddof=1)
        return float(first), float(second)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what is NaN becomes null."""
        return {
            "experiment": "induction",
            "first_id": self.ids.start,
            "end_id": self.ids.stop,
            "n_random": self.n_random,
            "sequences": len(self.log_prob_nats),
            "seed": self.seed,
            "first_half_nats": self.first_half_nats,
            "second_half_nats": self.second_half_nats,
            "spread_nats": [None if np.isnan(value) else value for value in self.spread_nats],
            "log_prob_nats": [[None if np.isnan(x) else x for x in row] for row in self.log_prob_nats.tolist()],
        }


def induction(
    language_model: LanguageModel, ids: range, n_random: int = 25, sequences: int = 16, seed: int = 0
) -> Induction:
    """Read random sequences over ``ids`` twice. Raises ``UsageError`` where they do not fit the model."""
    given = _sequences(language_model, ids, n_random, sequences, seed)
    begun = given.shape[1] - 2 * n_random
    rows = []
    for batch, logits in _in_batches(language_model, given):
        log_probs = logits[:, :-1].log_softmax(-1).gather(2, batch[:, 1:, None].to(logits.device))[..., 0]
        rows.append(log_probs.double().cpu().numpy())
    found = np.concatenate(rows)
    if not begun:
        found = np.concatenate([np.full((len(found), 1), np.nan), found], axis=1)
    return Induction(ids, seed, found)


@dataclass(frozen=True, eq=False)
class RangeLogits:
    """Logits of some ids on the sequences of the induction experiment; arrays have the shape (ids,)."""

    ids: range
    seed: int
    mean_logit: NDArray[np.float64]
    mean_centred_logit: NDArray[np.float64]
    """Less the mean over the vocabulary at each place."""
    highest_centred_logit: NDArray[np.float64]
    last_centred_logit: NDArray[np.float64]
    """After the whole sequence, mean over sequences."""
    highest_log_prob_nats: NDArray[np.float64]
    """How likely the id would be drawn where it is likeliest."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        names = (
            "mean_logit", "mean_centred_logit", "highest_centred_logit", "last_centred_logit", "highest_log_prob_nats"
        )  # fmt: skip
        columns = {name: getattr(self, name).tolist() for name in names}
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        tokens = [{"token_id": i} | row for i, row in zip(self.ids, rows, strict=True)]
        return {"experiment": "logits", "seed": self.seed, "tokens": tokens}


def range_logits(
    language_model: LanguageModel, ids: range, n_random: int = 25, sequences: int = 16, seed: int = 0
) -> RangeLogits:
    """Logits of ``ids`` on random sequences of them, written twice. Raises ``UsageError`` like ``induction``."""
    given = _sequences(language_model, ids, n_random, sequences, seed)
    columns: dict[str, list[NDArray[np.float64]]] = {name: [] for name in ("logit", "centred", "log_prob")}
    for _, logits in _in_batches(language_model, given):
        wanted = logits[:, :, ids.start : ids.stop].double()
        centred = wanted - logits.double().mean(2, keepdim=True)
        log_prob = wanted - logits.double().logsumexp(2, keepdim=True)
        for name, values in (("logit", wanted), ("centred", centred), ("log_prob", log_prob)):
            columns[name].append(values.cpu().numpy())
    logit, centred_logit, log_probs = (np.concatenate(columns[name]) for name in ("logit", "centred", "log_prob"))
    return RangeLogits(
        ids=ids,
        seed=seed,
        mean_logit=logit.mean(axis=(0, 1)),
        mean_centred_logit=centred_logit.mean(axis=(0, 1)),
        highest_centred_logit=centred_logit.max(axis=(0, 1)),
        last_centred_logit=centred_logit[:, -1].mean(axis=0),
        highest_log_prob_nats=log_probs.max(axis=(0, 1)),
    )


def _sequences(language_model: LanguageModel, ids: range, n_random: int, sequences: int, seed: int) -> Tensor:
    """(sequences, 1 + 2 n), or without the 1 for a model that has nothing to put before a text."""
    if n_random < 1 or sequences < 1:
        raise UsageError(f"{sequences} sequences of {n_random} ids were asked for; both numbers must be at least 1.")
    _check_rows(language_model, ids.start, ids.stop)
    before = [] if language_model.prefix_id is None else [language_model.prefix_id]
    length = len(before) + 2 * n_random
    if length > language_model.window_tokens:
        raise UsageError(
            f"{n_random} ids twice make {length} tokens, and {language_model.name} reads "
            f"{language_model.window_tokens} at once. Ask for fewer."
        )
    half = torch.tensor(np.random.default_rng(seed).integers(ids.start, ids.stop, size=(sequences, n_random)))
    return torch.cat([torch.tensor(before, dtype=torch.long).expand(sequences, -1), half, half], dim=1)


def _check_rows(language_model: LanguageModel, start: int, stop: int) -> None:
    rows = min(language_model.vocabulary_size, language_model.model.get_input_embeddings().num_embeddings)
    if not 0 <= start < stop <= rows:
        raise InputError(
            f"The ids {start} to {stop - 1} are not all in {language_model.name}: its embeddings have {rows} rows, "
            f"so ids go from 0 to {rows - 1}."
        )


@torch.inference_mode()
def _in_batches(language_model: LanguageModel, given: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows of ids with their logits, as many at once as memory allows."""
    size = max(1, _MOST_LOGITS // (given.shape[1] * language_model.vocabulary_size))
    for batch in given.split(size):
        yield batch, _logits(language_model, batch)


def _logits(language_model: LanguageModel, ids: Tensor, last_only: bool = False) -> Tensor:
    """Logits (rows, length or 1, V) in float32."""
    return read_on(language_model, ids, use_cache=False, logits_to_keep=1 if last_only else 0)[0]
