"""The speed benchmarks: the ways they compare with give the right numbers, and their counts are what they say."""

import sys
from pathlib import Path

import pytest
import torch

from detector import score_texts
from detector.methods import compute_all
from detector.methods.binoculars import Binoculars
from detector.scoring import score_pairs
from tests.conftest import TRAINING_TEXT

TEXT = TRAINING_TEXT[:90]


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    yield
    for name in ("published_ways", "operation_counts", "speed"):
        sys.modules.pop(name, None)


@torch.inference_mode()
def test_the_published_ways_give_what_our_methods_give(tiny, benchmarks):
    import published_ways

    ids = torch.tensor([[0, *tiny.encoder.encode(TEXT)[0].tolist()]])
    assert ids.shape[1] <= tiny.context_tokens
    ours = compute_all(next(iter(score_texts(tiny, [TEXT]))))
    theirs = published_ways.gltr_and_detect_gpt(tiny.model, ids)
    # Ours are turned so that a method of either sign can be compared; see each for its direction.
    for name in ("log_likelihood", "rank", "log_rank", "entropy"):
        assert abs(ours[name]) == pytest.approx(abs(theirs[name]), rel=1e-4)
    assert ours["fast_detect_gpt"] == pytest.approx(published_ways.fast_detect_gpt(tiny.model, ids), rel=1e-3)
    (pair,) = score_pairs(tiny, tiny, [TEXT])
    assert Binoculars(published=True)(pair) == pytest.approx(published_ways.binoculars(tiny.model, ids), rel=1e-4)


def test_nothing_is_computed_for_padding_and_nothing_twice(benchmarks):
    from operation_counts import count, workload_model
    from speed import operations

    language_model = workload_model()
    lengths = [5, 90, 33, 71]
    together = count(language_model, lengths)
    needed = operations(language_model, [n + 1 for n in lengths])
    # All but the product of the last position of each text, whose prediction nobody wants.
    last = 2 * len(lengths) * language_model.vocabulary_size * language_model.hidden_size
    spared = operations(language_model, lengths)
    assert spared <= together["product_flops"] + together["attention_flops"] <= needed - last
    alone = [count(language_model, [n]) for n in lengths]
    for name in ("product_flops", "attention_flops"):
        assert together[name] == sum(counts[name] for counts in alone)
