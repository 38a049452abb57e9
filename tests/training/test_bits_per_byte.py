import math

import pytest

from detector.training.bits_per_byte import (
    Ngram,
    byte_ngram_bits_per_byte,
    model_bits_per_byte,
    token_ngram_bits_per_byte,
)
from tests.conftest import TRAINING_TEXT


def test_witten_bell_by_hand():
    # Order 1 on "aab": 3 bytes of 2 kinds. P(a) = (2 + 2/256) / 5, P(z) = (0 + 2/256) / 5
    model = Ngram(1, 256, [b"aab"])
    assert model.bits(b"a") == pytest.approx(-math.log2((2 + 2 / 256) / 5))
    assert model.bits(b"z") == pytest.approx(-math.log2((2 / 256) / 5))


def test_probabilities_sum_to_one_in_every_context():
    model = Ngram(3, 256, [TRAINING_TEXT.encode()])
    for context in (b"", b"t", b"th", b"zq"):
        total = sum(2 ** -(model.bits(context + bytes([b])) - model.bits(context)) for b in range(256))
        assert total == pytest.approx(1, abs=1e-6)


def test_over_tokens_by_hand():
    # Order 2 on (5, 6, 5, 6, 7): 5 is always followed by 6, so T = 2, N = 1.
    model = Ngram(2, 10, [(5, 6, 5, 6, 7)])
    unigram = (2 + 3 / 10) / 8  # 6 stands twice among 5 tokens of 3 kinds
    assert model.bits((5, 6)) - model.bits((5,)) == pytest.approx(-math.log2((2 + 1 * unigram) / (2 + 1)))


def test_both_reference_points_are_measured_on_the_same_bytes(tiny, tmp_path):
    (tmp_path / "a.txt").write_text(TRAINING_TEXT * 200)
    texts = {"text": [TRAINING_TEXT]}
    by_bytes, by_tokens = (
        byte_ngram_bits_per_byte(tmp_path, texts, megabytes=1),
        token_ngram_bits_per_byte(tmp_path, tiny, texts, megabytes=1),
    )
    # Both have learnt the sentence by heart, which no model can say of a text it has not read.
    assert by_bytes["text"] < 0.8
    assert by_tokens["text"] < 0.8
    assert token_ngram_bits_per_byte(tmp_path, tiny, {"text": ["Zq Xw Jk"]}, megabytes=1)["text"] > 3


def test_bits_per_byte_of_a_model_is_its_surprise_over_the_bytes(tiny):
    from detector import score_texts

    texts = {"news": ["The old man.", "Boats \u2026"], "fiction": ["It isn't far."]}
    found = model_bits_per_byte(tiny, texts)
    bits = sum(s.surprisal_bits.sum() for s in score_texts(tiny, texts["news"]))
    assert found["news"] == pytest.approx(bits / (12 + 9))
