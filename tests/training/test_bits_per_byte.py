import math

import pytest

from detector.training.bits_per_byte import ByteNgram, model_bits_per_byte
from tests.conftest import TRAINING_TEXT


def test_witten_bell_by_hand():
    # Order 1 on "aab": 3 bytes of 2 kinds. P(a) = (2 + 2/256) / 5, P(z) = (0 + 2/256) / 5
    model = ByteNgram(1, ["aab"])
    assert model.bits(b"a") == pytest.approx(-math.log2((2 + 2 / 256) / 5))
    assert model.bits(b"z") == pytest.approx(-math.log2((2 / 256) / 5))


def test_probabilities_sum_to_one_in_every_context():
    model = ByteNgram(3, [TRAINING_TEXT])
    for context in (b"", b"t", b"th", b"zq"):
        total = sum(2 ** -(model.bits(context + bytes([b])) - model.bits(context)) for b in range(256))
        assert total == pytest.approx(1, abs=1e-6)


def test_bits_per_byte_of_a_model_is_its_surprise_over_the_bytes(tiny):
    from detector import score_texts

    texts = {"news": ["The old man.", "Boats \u2026"], "fiction": ["It isn't far."]}
    found = model_bits_per_byte(tiny, texts)
    bits = sum(s.surprisal_bits.sum() for s in score_texts(tiny, texts["news"]))
    assert found["news"] == pytest.approx(bits / (12 + 9))
