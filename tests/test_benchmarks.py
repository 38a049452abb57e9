"""The benchmarks: the ways they compare with give the right numbers, and their counts are what they say."""

import sys
from pathlib import Path

import pytest
import torch

from detector import Detector, score_texts
from detector.methods import compute_all
from detector.methods.binoculars import Binoculars
from detector.scoring import score_pairs
from tests.conftest import TRAINING_TEXT, make_classifier

TEXT = TRAINING_TEXT[:90]


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    yield
    for name in ("attacks", "number_formats", "published_ways", "operation_counts", "speed", "unseen_kinds"):
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


def test_a_broken_off_run_over_attacked_texts_goes_on_where_it_stopped(tiny, tmp_path, benchmarks, monkeypatch):
    import attacks

    detector, cache = Detector(tiny, make_classifier(tiny)), tmp_path / "judged.jsonl"
    texts = [TRAINING_TEXT, TRAINING_TEXT.replace("a", "\u0430"), "Short."]
    found = attacks.Judged(detector, cache).numbers(texts)
    assert found[1].score == found[0].score != found[1].score_as_given
    assert (found[2].score, found[2].reason) == (None, "too_short")
    whole = cache.read_text()
    cache.write_text(whole[:-20])  # the last line was cut off
    judged = []
    monkeypatch.setattr(detector, "detect_stream", lambda sources: judged.append(list(sources)) or ())
    known = attacks.Judged(detector, cache)
    assert known.numbers(texts[:2]) == found[:2]
    with pytest.raises(KeyError):
        known.numbers(texts)
    assert [[text for _, _, text, _ in sources] for sources in judged] == [[], ["Short."]]
    other = Detector(tiny, make_classifier(tiny, lean=1.0))
    again = attacks.Judged(other, cache).numbers(texts[:1])
    assert again[0].score != found[0].score  # what another calibration said is not taken for its own


def test_products_of_bfloat16_are_added_up_in_float32_and_rounded_once(benchmarks):
    from number_formats import RoundedProducts

    # Small whole numbers, whose sums are exact in float32 in any order and mostly are not in bfloat16.
    draw = torch.Generator().manual_seed(0)
    states, weight, bias = (
        torch.randint(-9, 10, shape, generator=draw).bfloat16() for shape in ((4, 500), (3, 500), (3,))
    )
    exact = states.float() @ weight.float().T
    with RoundedProducts():
        product = torch.nn.functional.linear(states, weight)
        added = torch.nn.functional.linear(states, weight[1:], bias[1:])
        plain = torch.nn.functional.linear(states.float(), weight.float())
    assert torch.equal(product, exact.bfloat16())
    assert torch.equal(added, (exact[:, 1:] + bias[1:].float()).bfloat16())
    assert torch.equal(plain, exact)
    assert not torch.equal(product.float(), exact)


def test_texts_are_cut_to_their_first_words(benchmarks):
    from attacks import beginning

    assert beginning("One  two\nthree four", 3) == "One  two\nthree"
    assert beginning("One two", 2) == beginning("One two", None) == "One two"


def test_kinds_are_counted_by_verdict_and_reason(tiny, tmp_path, benchmarks):
    import unseen_kinds

    for kind, text in (("verse_of_old", TRAINING_TEXT), ("verse_of_old", "Short."), ("law", TRAINING_TEXT)):
        (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / kind / f"{len(text)}.txt").write_text(text)
    kinds = unseen_kinds.texts_of(tmp_path)
    assert {kind: len(texts) for kind, texts in kinds.items()} == {"law": 1, "verse_of_old": 2}
    cells = [line.split(" | ") for line in unseen_kinds.rows(Detector(tiny, make_classifier(tiny, lean=-99)), kinds)]
    assert [line[:3] for line in cells] == [
        ["| law", "1", "0.0% [0.0%, 97.5%]"],
        ["| verse of old", "2", "0.0% [0.0%, 84.2%]"],
        ["| all", "3", "0.0% [0.0%, 70.8%]"],
    ]
    assert cells[1][7:] == ["1", "too_short 1 |"]
