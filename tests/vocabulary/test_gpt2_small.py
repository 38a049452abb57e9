"""The published figures on GPT-2 small, where a folder with its weights is named; nothing is downloaded.

    DETECT_GPT2_FOLDER=/path/to/gpt2 pytest -m slow tests/vocabulary/test_gpt2_small.py

The folder holds config.json, model.safetensors and the tokenizer. Induction: an article of 2024 gives the means of one
random sequence. Tokens: Land and Bartolo (2024), results published with their paper.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from detector import LanguageModel
from detector.vocabulary.analysis import VocabularyAnalysis, analyse_vocabulary
from detector.vocabulary.experiments import induction, repetition
from detector.vocabulary.in_context import TokenInContext
from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis
from detector.vocabulary.verification import verify
from detector.vocabulary.verification_record import VerificationSettings

FOLDER = os.environ.get("DETECT_GPT2_FOLDER")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FOLDER is None, reason="DETECT_GPT2_FOLDER names no folder with GPT-2 small's weights"),
]

NEVER_TRAINED = (30897, 30898, 30905, 30212, 36173, 39752, 40240, 40241, 42089, 45544)
"""At the floor in every size of GPT-2."""
CONFIRMED_IN_EVERY_SIZE = (
    4690, 23090, 30208, 30212, 30897, 30898, 30899, 30905, 31573, 36173, 37574, 39752, 40240, 40241, 42066, 42089,
    45544,
)  # fmt: skip
SOLID_GOLD_MAGIKARP = 43453
"""Famous, and not confirmed in GPT-2."""


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel.load(FOLDER or "", device="cpu", offline=True)


@pytest.fixture(scope="module")
def analysed(model: LanguageModel) -> tuple[VocabularyAnalysis, TokenizerAnalysis]:
    unused = np.arange(177, 188, dtype=np.int32)
    return analyse_vocabulary(Path(FOLDER or ""), model.tokenizer, "gpt2", reference_ids=unused)


def first_of(analysis: VocabularyAnalysis, ids: Sequence[int]) -> list[int]:
    """The ids, then a part of the ranking for the controls to come from."""
    return [*ids, *np.setdiff1d(analysis.order[::20], ids).tolist()]


@pytest.mark.parametrize(
    ("ids", "first", "second"), [(range(177, 188), -17.270, -19.675), (range(100, 111), -7.327, -0.971)]
)
def test_repeated_random_sequences(model: LanguageModel, ids: range, first: float, second: float) -> None:
    found = induction(model, ids, n_random=25, sequences=64)
    # The published means are those of one sequence: four standard deviations from sequence to sequence.
    assert abs(found.first_half_nats - first) < 4 * found.spread_nats[0]
    assert abs(found.second_half_nats - second) < 4 * found.spread_nats[1]


def test_it_repeats_a_letter_and_not_an_unused_byte(model: LanguageModel) -> None:
    letter, unused = (repetition(model, TokenInContext(token_id)) for token_id in (64, 182))
    assert letter.rank == 1
    assert unused.rank > 1
    assert unused.probability < 0.01


def test_the_published_distances(analysed: tuple[VocabularyAnalysis, TokenizerAnalysis]) -> None:
    distance = analysed[0].indicators["cosine_distance"]
    assert distance[40241] == pytest.approx(0.00143921, rel=1e-3)
    assert float(np.nanmean(distance)) == pytest.approx(0.536, abs=0.002)
    assert float(np.nanstd(distance)) == pytest.approx(0.070, abs=0.002)


def test_the_published_tokens_are_confirmed(
    model: LanguageModel, analysed: tuple[VocabularyAnalysis, TokenizerAnalysis]
) -> None:
    analysis, tokenizer = analysed
    settings = VerificationSettings(echo_rounds=20, repeats=50, most=len(CONFIRMED_IN_EVERY_SIZE), sample=0)
    found = verify(model, tokenizer, first_of(analysis, CONFIRMED_IN_EVERY_SIZE), settings, unused=range(177, 188))
    confirmed = {token.token_id for token in found.confirmed}
    assert confirmed >= set(NEVER_TRAINED)
    # The prompts are not the published ones, so that a token near the 1 % may fall on its other side.
    assert len(confirmed) >= len(CONFIRMED_IN_EVERY_SIZE) - 3


def test_a_famous_token_is_not_confirmed(
    model: LanguageModel, analysed: tuple[VocabularyAnalysis, TokenizerAnalysis]
) -> None:
    analysis, tokenizer = analysed
    settings = VerificationSettings(echo_rounds=20, repeats=50, most=1, sample=0)
    found = verify(model, tokenizer, first_of(analysis, [SOLID_GOLD_MAGIKARP]), settings, unused=range(177, 188))
    assert found.tokens[0].outcome in ("echoed", "not echoed")
