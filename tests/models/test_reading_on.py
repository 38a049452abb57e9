"""Reading on from a cache is reading the whole, in either spelling of transformers."""

from types import SimpleNamespace

import pytest
import torch

from detector.models import reading_on
from detector.models.reading_on import read_on


@torch.inference_mode()
def test_reading_on_is_reading_the_whole(tiny):
    ids = torch.tensor([[0, 5, 6, 7, 8], [0, 9, 8, 7, 6]])
    whole, nothing = read_on(tiny, ids, use_cache=False, logits_to_keep=0)
    assert whole.shape == (2, 5, 400)
    assert nothing is None
    first, cache = read_on(tiny, ids[:, :3])
    then, _ = read_on(tiny, ids[:, 3:], cache, logits_to_keep=2)
    torch.testing.assert_close(torch.cat([first, then], dim=1), whole[:, 2:], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["cache", "past_key_values"])
def test_argument_and_answer_bear_the_same_name(name, monkeypatch):
    given = {}

    def model(**arguments):
        given.update(arguments)
        return SimpleNamespace(logits=torch.zeros(1, 1, 3), **{name: "longer"})

    monkeypatch.setattr(reading_on, "_name_of_cache", lambda: name)
    language_model = SimpleNamespace(model=model, device="cpu", check_finite=lambda values: None)
    assert read_on(language_model, torch.tensor([[1]]), "cache so far")[1] == "longer"
    assert given[name] == "cache so far"
