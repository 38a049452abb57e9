"""Is a suspect token one that the model cannot use? Asked by prompting, with ordinary tokens beside it.

``verification_record.py`` says what the outcomes are. Tokens are taken from the worst upwards until few of the last
are confirmed, then from the rest at random (``sequential.py``). Readings go to a ledger as they come (``ledger.py``).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError
from detector.models.language_model import LanguageModel
from detector.progress import OnProgress, unwatched
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
from detector.vocabulary.sequential import RecallEstimate, random_sample, walk_end
from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis
from detector.vocabulary.verification_record import (
    FORMAT,
    EndOfWalk,
    Part,
    Verification,
    VerificationSettings,
    VerifiedToken,
    highest,
    highest_lead,
    outcome_of,
)

OnStage = Callable[[str], OnProgress]
"""Told the name of a stage as it begins; gives what is told how many of its tokens are done."""
_BATCH = 64
_MOST_UNUSED = 64


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
    on_stage: OnStage = lambda stage: unwatched,
) -> Verification:
    """Verify tokens from the first of ``order``, the most suspect, as far as they are worth it.

    ``unused`` are rows known to be untrained, such as ``ReferenceRows.ids``; at most 64 of them are used.
    ``at_floor`` (vocabulary,) says whose weights look never trained, where that is known. ``likeness`` (vocabulary,)
    is what controls are matched by, such as a count; the id, which for BPE follows the merge rank, where it is None.
    With ``ledger`` readings are kept there and a run that was broken off goes on. Raises ``InputError`` for tokens the
    model does not have and prompts that do not fit.
    """
    settings = settings or VerificationSettings()
    ids = [int(i) for i in order]
    _check_order(ids, analysis, language_model)
    likeness = np.arange(len(analysis), dtype=np.float64) if likeness is None else likeness
    prompts = prompts_of(language_model, settings)
    unused_ids = _spread([i for i in unused if 0 <= i < language_model.vocabulary_size], _MOST_UNUSED)
    reader = _TokenReader(language_model, analysis, prompts, ids, unused_ids)
    with Ledger(ledger, run_key(language_model, prompts, unused_ids)) as kept:
        control_ids = choose_controls(analysis, ids, likeness, settings.control_pool)
        of_controls = reader.read(control_ids.tolist(), kept, on_stage("controls"))
        controls = {i: highest(readings) for i, readings in zip(control_ids.tolist(), of_controls, strict=True)}
        assessment = _Assessment(reader, settings, control_ids, controls, likeness, at_floor)
        walked, ended_by = _walk(ids, reader, kept, assessment, on_stage("worst first"))
        sample = random_sample(ids[len(walked) :], settings.sample, settings.seed).tolist()
        read = reader.read(sample, kept, on_stage("random sample"))
        sampled = [assessment.of(i, readings, "random sample") for i, readings in zip(sample, read, strict=True)]
    return Verification(
        model_name=language_model.name,
        model_fingerprint=language_model.fingerprint,
        settings=settings,
        prompts=prompts,
        unused_ids=unused_ids,
        tokens=(*walked, *sampled),
        control_log_prob_nats=controls,
        recall=RecallEstimate(
            walked=len(walked),
            found=sum(token.outcome == "confirmed" for token in walked),
            rest=len(ids) - len(walked),
            sampled=len(sampled),
            sampled_confirmed=sum(token.outcome == "confirmed" for token in sampled),
        ),
        ended_by=ended_by,
    )


def _walk(
    ids: Sequence[int], reader: "_TokenReader", kept: Ledger, assessment: "_Assessment", on_progress: OnProgress
) -> tuple[list[VerifiedToken], EndOfWalk]:
    """Tokens from the worst up, batch by batch, to where few are confirmed; and why it is no more of them."""
    settings = assessment.settings
    most = len(ids) if settings.most is None else min(settings.most, len(ids))
    walked: list[VerifiedToken] = []
    while len(walked) < most:
        batch = ids[len(walked) : min(len(walked) + _BATCH, most)]
        read = reader.read(batch, kept, unwatched)
        walked += [assessment.of(i, readings, "worst first") for i, readings in zip(batch, read, strict=True)]
        on_progress(len(walked), None)
        end = walk_end([t.outcome == "confirmed" for t in walked], settings.window, settings.least_share)
        if end is not None:
            return walked[:end], "few confirmed"
    return walked, "end of the list" if most == len(ids) else "limit"


@dataclass(frozen=True, eq=False)
class _Assessment:
    """What a token's readings are held against."""

    reader: "_TokenReader"
    settings: VerificationSettings
    control_ids: NDArray[np.int32]
    """(n_controls,), rising."""
    control_log_prob_nats: dict[int, float]
    """Highest of each control, by id."""
    likeness: NDArray[np.float64]
    """(vocabulary,)."""
    at_floor: NDArray[np.bool_] | None
    """(vocabulary,)."""

    def of(self, token_id: int, readings: Readings, part: Part) -> VerifiedToken:
        near = nearest_controls(self.control_ids, self.likeness, token_id, self.settings.controls)
        of_near = [self.control_log_prob_nats[int(i)] for i in near]
        median = float(np.median(of_near)) if of_near else float("nan")
        return VerifiedToken(
            token=self.reader.token(token_id),
            part=part,
            readings=readings,
            control_log_prob_nats=median,
            outcome=outcome_of(highest(readings), median, highest_lead(readings), self.settings),
            at_floor=None if self.at_floor is None else bool(self.at_floor[token_id]),
        )


class _TokenReader:
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

    def read(self, ids: Sequence[int], kept: Ledger, on_progress: OnProgress) -> list[Readings]:
        """Readings in the order of ``ids``; those the ledger lacks are computed and written batch by batch."""
        tokens = [self._tokens[i] for i in ids]
        readings_of = kept.read(tokens)
        missing = [token for token in tokens if token not in readings_of]
        on_progress(len(readings_of), len(tokens))
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            readings = list(zip(*(reader.read(batch) for reader in self._all_readers()), strict=True))
            kept.write(batch, readings)
            readings_of.update(zip(batch, readings, strict=True))
            on_progress(len(readings_of), len(tokens))
        return [readings_of[token] for token in tokens]

    def _all_readers(self) -> list[PromptReader]:
        if self._readers is None:
            self._readers = [PromptReader(self._language_model, prompt, self._unused) for prompt in self._prompts]
        return self._readers


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
    described = json.dumps([FORMAT, language_model.fingerprint, asked, list(unused_ids)])
    return hashlib.sha256(described.encode()).hexdigest()[:16]


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
