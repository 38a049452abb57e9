"""Is a suspect token one that the model cannot use? Asked by prompting, with ordinary tokens beside it.

Every token is prompted in three ways (``prompts.py``); p is its highest probability over all slots.

    echoed      p >= 1 %: the model gives it back
    undecided   p < 1 %, but ordinary tokens as frequent (``controls.py``) are not even ten times as likely: the model
                is too weak to tell
    not echoed  p < 1 %, controls do better, yet it is at least 100 times as likely as tokens known to be unused: the
                model knows it and does not give it back, as with words that grammar forbids in its place
    confirmed   p < 1 %, controls do better, and it is hardly told apart from tokens that were never trained

Without tokens known to be unused the last two are one, called confirmed. The 1 % is from Land and Bartolo, "Fishing
for Magikarp" (2024), who generate three tokens a prompt and have no controls of either kind. What the weights say
(``Ranking.at_floor``) stands beside each outcome and does not enter it.

Tokens are taken from the worst upwards until few of the last are confirmed, then from the rest at random
(``sequential.py``). Readings go to a ledger as they come (``ledger.py``).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError, UsageError
from detector.models.language_model import LanguageModel
from detector.vocabulary.controls import choose_controls, nearest_controls
from detector.vocabulary.in_context import TokenInContext, in_context
from detector.vocabulary.ledger import Ledger, Readings
from detector.vocabulary.prompted_probability import PromptReader
from detector.vocabulary.prompts import (
    Prompt,
    build_prompt,
    check_lengths,
    echo_form,
    explanation_form,
    repetition_form,
)
from detector.vocabulary.sequential import RecallEstimate, check_plan, random_sample, walk_end
from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis

Outcome = Literal["confirmed", "not echoed", "undecided", "echoed"]
Part = Literal["worst first", "random sample"]
Report = Callable[[str, int, int | None], None]
"""Told a stage, how many of its tokens are done, and how many there are if that is known."""

_BATCH = 64
_FORMAT = 1
_MOST_UNUSED = 64


@dataclass(frozen=True)
class VerificationSettings:
    """How tokens are prompted, judged and chosen."""

    echo_rounds: int = 5
    repeats: int = 16
    threshold: float = 0.01
    """Probability below which a token is not given back."""
    least_ratio: float = 10.0
    """How many times likelier the median control must be for a token to be confirmed."""
    most_lead: float = 100.0
    """How many times likelier than unused tokens a confirmed one may be."""
    control_pool: int = 256
    controls: int = 16
    """Controls of each token, out of the pool."""
    window: int = 64
    least_share: float = 0.1
    """The walk ends when fewer of the last ``window`` tokens are confirmed."""
    sample: int = 400
    """Tokens drawn at random from beyond the end of the walk."""
    most: int | None = None
    """The walk ends after so many tokens in any case."""
    seed: int = 0

    def __post_init__(self) -> None:
        check_plan(self.window, self.least_share, self.sample, self.most)
        for name, value, least in (
            ("echo_rounds", self.echo_rounds, 1),
            ("repeats", self.repeats, 4),
            ("control_pool", self.control_pool, 1),
            ("controls", self.controls, 1),
            ("seed", self.seed, 0),
        ):
            if value < least:
                raise UsageError(f"{name} is {value}; it must be at least {least}.")
        if not 0 < self.threshold < 1:
            raise UsageError(f"The threshold is {self.threshold:g}; it must be a probability between 0 and 1.")
        for name, ratio in (("least_ratio", self.least_ratio), ("most_lead", self.most_lead)):
            if not ratio >= 1:
                raise UsageError(f"{name} is {ratio:g}; it is a ratio of probabilities of at least 1.")


@dataclass(frozen=True)
class VerifiedToken:
    """One token, what the model made of it, and what that means."""

    token: TokenInContext
    part: Part
    readings: Readings
    control_log_prob_nats: float
    """Median over its controls of their highest log-probability."""
    outcome: Outcome
    at_floor: bool | None
    """Whether the weights look never trained; None where that is not known."""

    @property
    def token_id(self) -> int:
        """Its id."""
        return self.token.token_id

    @property
    def max_log_prob_nats(self) -> float:
        """Of its highest probability over prompts and slots."""
        return highest(self.readings)

    @property
    def lead_nats(self) -> float | None:
        """Largest lead over tokens known to be unused; None where none are known."""
        return highest_lead(self.readings)

    @property
    def meaning(self) -> str:
        """Weights and behaviour in words."""
        behaviour = {
            "confirmed": "the model cannot use it" if self.lead_nats is not None else "the model cannot give it back",
            "not echoed": "the model knows it, and does not give it back",
            "undecided": "the model does not give it back, nor tokens like it",
            "echoed": "the model gives it back",
        }[self.outcome]
        if self.at_floor is None:
            return behaviour
        weights = "weights as if never trained" if self.at_floor else "weights moved by training"
        return f"{weights}; {behaviour}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "token_id": self.token_id,
            "part": self.part,
            "outcome": self.outcome,
            "at_floor": self.at_floor,
            "meaning": self.meaning,
            "max_probability": float(np.exp(self.max_log_prob_nats)),
            "max_log_prob_nats": self.max_log_prob_nats,
            "control_log_prob_nats": self.control_log_prob_nats,
            "lead_nats": self.lead_nats,
            "left_ids": list(self.token.left),
            "right_ids": list(self.token.right),
            "readings": [reading.to_dict() for reading in self.readings],
        }


@dataclass(frozen=True, eq=False)
class Verification:
    """A whole run."""

    model_name: str
    model_fingerprint: str
    settings: VerificationSettings
    prompts: tuple[Prompt, ...]
    unused_ids: tuple[int, ...]
    """Known to be unused, and compared with."""
    tokens: tuple[VerifiedToken, ...]
    """Those of the walk in their order, then the random sample."""
    control_log_prob_nats: dict[int, float]
    """Highest log-probability of each control token, by id."""
    recall: RecallEstimate
    ended_by: Literal["few confirmed", "limit", "end of the list"]

    @property
    def confirmed(self) -> tuple[VerifiedToken, ...]:
        """Those confirmed, in either part."""
        return tuple(token for token in self.tokens if token.outcome == "confirmed")

    @property
    def controls_echoed(self) -> float:
        """Share of control tokens that the model gives back: how far prompting can tell anything."""
        values = np.array(list(self.control_log_prob_nats.values()))
        return float((values >= np.log(self.settings.threshold)).mean())

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "schema_version": _FORMAT,
            "model": self.model_name,
            "model_fingerprint": self.model_fingerprint,
            "settings": asdict(self.settings),
            "prompts": [asdict(prompt) for prompt in self.prompts],
            "unused_ids": list(self.unused_ids),
            "ended_by": self.ended_by,
            "recall": self.recall.to_dict(),
            "controls_echoed": self.controls_echoed,
            "controls": [{"token_id": i, "max_log_prob_nats": p} for i, p in self.control_log_prob_nats.items()],
            "tokens": [token.to_dict() for token in self.tokens],
        }


def verify(
    language_model: LanguageModel,
    analysis: TokenizerAnalysis,
    order: Sequence[int] | NDArray[np.integer],
    settings: VerificationSettings | None = None,
    *,
    unused: Sequence[int] | NDArray[np.integer] = (),
    at_floor: NDArray[np.bool_] | None = None,
    likeness: NDArray[np.float64] | None = None,
    ledger: Path | None = None,
    report: Report = lambda stage, done, total: None,
) -> Verification:
    """Verify tokens from the first of ``order``, the most suspect, as far as they are worth it.

    ``unused`` are rows known to be untrained, such as ``ReferenceRows.ids``; at most 64 of them are used.
    ``likeness`` (vocabulary,) is what controls are matched by, such as a count; the id, which for BPE follows
    the merge rank, where it is None. With ``ledger`` readings are kept there and a run that was broken
    off goes on. Raises ``InputError`` for tokens the model does not have and prompts that do not fit.
    """
    settings = settings or VerificationSettings()
    ids = [int(i) for i in order]
    _check_order(ids, analysis, language_model)
    likeness = np.arange(len(analysis), dtype=np.float64) if likeness is None else likeness
    prompts = prompts_of(language_model, settings)
    unused_ids = _spread([i for i in unused if 0 <= i < language_model.vocabulary_size], _MOST_UNUSED)
    asked = _Asked(language_model, analysis, prompts, ids, unused_ids)
    with Ledger(ledger, run_key(language_model, prompts, unused_ids)) as kept:
        controls = choose_controls(analysis, ids, likeness, settings.control_pool)
        of_controls = asked.read(controls.tolist(), kept, lambda done: report("controls", done, len(controls)))
        control_values = {i: highest(readings) for i, readings in zip(controls.tolist(), of_controls, strict=True)}

        def judged(token_id: int, readings: Readings, part: Part) -> VerifiedToken:
            near = nearest_controls(controls, likeness, token_id, settings.controls)
            median = float(np.median([control_values[int(i)] for i in near])) if len(near) else float("nan")
            floor = None if at_floor is None else bool(at_floor[token_id])
            outcome = judge(highest(readings), median, highest_lead(readings), settings)
            return VerifiedToken(asked.token(token_id), part, readings, median, outcome, floor)

        walked: list[VerifiedToken] = []
        end, longest = None, len(ids) if settings.most is None else min(settings.most, len(ids))
        while end is None and len(walked) < longest:
            batch = ids[len(walked) : min(len(walked) + _BATCH, longest)]
            read = asked.read(batch, kept, lambda done: None)
            walked += [judged(i, readings, "worst first") for i, readings in zip(batch, read, strict=True)]
            report("worst first", len(walked), None)
            end = walk_end([t.outcome == "confirmed" for t in walked], settings.window, settings.least_share)
        walked = walked[:end]
        sample = random_sample(ids[len(walked) :], settings.sample, settings.seed).tolist()
        read = asked.read(sample, kept, lambda done: report("random sample", done, len(sample)))
        sampled = [judged(i, readings, "random sample") for i, readings in zip(sample, read, strict=True)]
    recall = RecallEstimate(
        walked=len(walked),
        found=sum(token.outcome == "confirmed" for token in walked),
        rest=len(ids) - len(walked),
        sampled=len(sampled),
        sampled_confirmed=sum(token.outcome == "confirmed" for token in sampled),
    )
    ended_by: Literal["few confirmed", "limit", "end of the list"] = (
        "few confirmed" if end is not None else "end of the list" if longest == len(ids) else "limit"
    )
    return Verification(
        language_model.name, language_model.fingerprint, settings, prompts, unused_ids, (*walked, *sampled),
        control_values, recall, ended_by,
    )  # fmt: skip


def judge(
    log_prob_nats: float, control_log_prob_nats: float, lead_nats: float | None, settings: VerificationSettings
) -> Outcome:
    """Outcome of one token, from its highest log-probability, the median of its controls and its lead.

    >>> usual = VerificationSettings()
    >>> judge(-7.0, -1.0, 0.2, usual), judge(-7.0, -1.0, 9.0, usual), judge(-7.0, -6.0, 0.2, usual)
    ('confirmed', 'not echoed', 'undecided')
    """
    if log_prob_nats >= np.log(settings.threshold):
        return "echoed"
    if not log_prob_nats <= control_log_prob_nats - np.log(settings.least_ratio):
        return "undecided"
    return "not echoed" if lead_nats is not None and lead_nats >= np.log(settings.most_lead) else "confirmed"


def highest(readings: Readings) -> float:
    """Log-probability, the highest over prompts and slots."""
    return max(value for reading in readings for value in reading.log_prob_nats)


def highest_lead(readings: Readings) -> float | None:
    """Over tokens known to be unused, the highest over prompts and slots; None where none are known."""
    return max((value for reading in readings for value in reading.lead_nats), default=None)


def _spread(ids: Sequence[int] | NDArray[np.integer], most: int) -> tuple[int, ...]:
    """At most ``most`` of the ids, evenly spread."""
    ascending = np.unique(np.asarray(ids, dtype=np.int64))
    places = np.unique(np.linspace(0, len(ascending) - 1, num=min(most, len(ascending))).round().astype(int))
    return tuple(ascending[places].tolist())


def prompts_of(language_model: LanguageModel, settings: VerificationSettings) -> tuple[Prompt, ...]:
    """The three prompts in ids of this model's tokenizer."""
    forms = (echo_form(settings.echo_rounds), explanation_form(), repetition_form(settings.repeats))
    return tuple(build_prompt(language_model, form) for form in forms)


def run_key(language_model: LanguageModel, prompts: Sequence[Prompt], unused_ids: Sequence[int]) -> str:
    """16 hex digits over what decides a reading: the model, the prompts, the tokens known to be unused.

    What is done with readings (thresholds, controls, the end of the walk) may change without a new pass.
    """
    asked = [asdict(prompt) for prompt in prompts]
    described = json.dumps([_FORMAT, language_model.fingerprint, asked, list(unused_ids)])
    return hashlib.sha256(described.encode()).hexdigest()[:16]


class _Asked:
    """Tokens in context and their readings, from the ledger or from the model."""

    def __init__(
        self,
        language_model: LanguageModel,
        analysis: TokenizerAnalysis,
        prompts: Sequence[Prompt],
        order: Sequence[int],
        unused_ids: Sequence[int],
    ) -> None:
        self._language_model, self._prompts, self._unused = language_model, prompts, unused_ids
        self._tokens = {i: in_context(analysis, i) for i in order}
        longest = max(len(token.left) + len(token.right) for token in self._tokens.values())
        check_lengths(prompts, language_model, longest)
        self._readers: list[PromptReader] | None = None

    def token(self, token_id: int) -> TokenInContext:
        return self._tokens[token_id]

    def read(self, ids: Sequence[int], kept: Ledger, done: Callable[[int], None]) -> list[Readings]:
        """Readings in the order of ``ids``; those the ledger lacks are computed and written batch by batch."""
        tokens = [self._tokens[i] for i in ids]
        found = kept.read(tokens)
        missing = [token for token in tokens if token not in found]
        done(len(tokens) - len(missing))
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            readings = list(zip(*(reader.read(batch) for reader in self._all_readers()), strict=True))
            kept.write(batch, readings)
            found.update(zip(batch, readings, strict=True))
            done(len(found))
        return [found[token] for token in tokens]

    def _all_readers(self) -> list[PromptReader]:
        if self._readers is None:
            self._readers = [PromptReader(self._language_model, prompt, self._unused) for prompt in self._prompts]
        return self._readers


def _check_order(ids: Sequence[int], analysis: TokenizerAnalysis, language_model: LanguageModel) -> None:
    if not ids:
        raise InputError("There is nothing to verify: the list of tokens is empty.")
    if len(set(ids)) < len(ids):
        raise InputError("The list of tokens to verify names a token twice.")
    rows = min(len(analysis), language_model.vocabulary_size)
    wrong = [i for i in ids if not 0 <= i < rows]
    if wrong:
        raise InputError(
            f"Token {wrong[0]} cannot be verified: the tokenizer has {len(analysis)} tokens and the model "
            f"{language_model.vocabulary_size} rows for them, so ids go from 0 to {rows - 1}."
        )
