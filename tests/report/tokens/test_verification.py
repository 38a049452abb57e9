"""What a verification says in the terminal."""

import re

import pytest

from detector.report.tokens.verification import verification_lines
from detector.vocabulary.in_context import TokenInContext
from detector.vocabulary.prompted_probability import SlotReading
from detector.vocabulary.sequential import RecallEstimate
from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis, analyse_tokenizer
from detector.vocabulary.verification_record import (
    Outcome,
    Part,
    Verification,
    VerificationSettings,
    VerifiedToken,
)
from tests.conftest import tiny_tokenizer


@pytest.fixture(scope="module")
def analysis() -> TokenizerAnalysis:
    return analyse_tokenizer(tiny_tokenizer())


def verified(token_id: int, outcome: Outcome, part: Part = "worst first") -> VerifiedToken:
    reading = SlotReading("echo", (-7.0,), (90,), (5.0,), (0.1,))
    return VerifiedToken(TokenInContext(token_id), part, (reading,), -1.0, outcome, at_floor=token_id % 2 == 0)


def a_run(controls: dict[int, float], *tokens: VerifiedToken) -> Verification:
    # 2 found of 3 walked; 1 of 10 sampled from 10: exactly 1 beyond, recall 2 / 3.
    recall = RecallEstimate(walked=3, found=2, rest=10, sampled=10, sampled_confirmed=1)
    return Verification("tiny", "0" * 16, VerificationSettings(), (), (399,), tokens, controls, recall, "few confirmed")


def test_counts_recall_and_the_confirmed_are_said(analysis: TokenizerAnalysis) -> None:
    tokens = [verified(300, "confirmed"), verified(301, "confirmed"), verified(302, "echoed")]
    found = a_run({1: -0.1, 2: -0.2}, *tokens, verified(305, "confirmed", "random sample"))
    text = "\n".join(verification_lines(found, analysis))
    assert "Prompted 3 tokens from the worst up: 2 confirmed, 0 known but not given back, 0 undecided, 1 given" in text
    assert "fewer than 10% of the last 64 were confirmed" in text
    assert "1 were confirmed: 1 to 1 such tokens lie beyond" in text
    assert "about 67%, 67% to 67% (95 %)" in text
    assert "2 ordinary tokens prompted beside them, 100% were given back" in text
    assert "too few ordinary tokens" not in text
    rows = [line for line in text.splitlines() if re.match(r" +30\d ", line)]
    assert [line.split()[0] for line in rows] == ["300", "301", "305"]
    assert rows[0].endswith("as if never trained")
    assert rows[1].endswith("moved by training")
    assert "0.00091" in rows[0]  # e^-7


def test_a_model_too_weak_for_prompting_says_so(analysis: TokenizerAnalysis) -> None:
    found = a_run({1: -9.0, 2: -0.2}, verified(300, "undecided"))
    assert "gives back too few ordinary tokens" in "\n".join(verification_lines(found, analysis))


def test_a_long_table_is_cut_and_says_so(analysis: TokenizerAnalysis) -> None:
    found = a_run({1: -0.1}, *(verified(i, "confirmed") for i in range(300, 310)))
    lines = list(verification_lines(found, analysis, most=4))
    assert lines[-1] == "... and 6 more; --json lists them all."
    assert len([line for line in lines if re.match(r" +30\d ", line)]) == 4
