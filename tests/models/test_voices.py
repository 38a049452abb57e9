"""The two voices: changes applied by hand and by the loader, and refused where they do not belong."""

import pytest
import torch
from safetensors.torch import save_file

from detector import LanguageModel, ModelError
from detector.models.voices import VOICE_NAMES, apply_change
from tests.conftest import tiny_llama, tiny_tokenizer


def random_change(model, rank=2, seed=0):
    """A change of one matrix, the head and one norm."""
    generator = torch.Generator().manual_seed(seed)
    width = model.config.hidden_size
    return {
        "model.layers.0.self_attn.q_proj.weight.up": torch.randn(width, rank, generator=generator),
        "model.layers.0.self_attn.q_proj.weight.down": torch.randn(rank, width, generator=generator),
        "lm_head.weight.up": torch.randn(400, rank, generator=generator),
        "lm_head.weight.down": torch.randn(rank, width, generator=generator),
        "model.norm.weight.change": torch.randn(width, generator=generator),
    }


@pytest.fixture
def folder(tmp_path):
    """A model folder with both voices."""
    tiny_llama().save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    base = LanguageModel.load(tmp_path, dtype="float32")
    assert base.voices is None
    (tmp_path / "voices").mkdir()
    for seed, name in enumerate(VOICE_NAMES):
        metadata = {"base_fingerprint": base.fingerprint}
        save_file(random_change(base.model, seed=seed), tmp_path / "voices" / f"{name}.safetensors", metadata=metadata)
    return tmp_path


def test_a_voice_is_the_base_plus_the_product(folder):
    base = LanguageModel.load(folder, dtype="float32")
    change = random_change(base.model, seed=1)
    voice = base.voices.machine
    for name in ("model.layers.0.self_attn.q_proj.weight", "lm_head.weight"):
        expected = base.model.get_parameter(name) + change[f"{name}.up"] @ change[f"{name}.down"]
        assert torch.allclose(voice.get_parameter(name), expected, atol=1e-6)
    assert torch.allclose(voice.model.norm.weight, base.model.model.norm.weight + change["model.norm.weight.change"])
    untouched = "model.layers.1.mlp.up_proj.weight"
    assert (voice.get_parameter(untouched) == base.model.get_parameter(untouched)).all()


def test_a_head_of_its_own_leaves_the_input_embeddings_alone():
    model = tiny_llama()
    model.config.tie_word_embeddings = True
    model.tie_weights()
    assert model.lm_head.weight is model.model.embed_tokens.weight
    voice = apply_change(model, random_change(model), "v")
    assert (voice.model.embed_tokens.weight == model.model.embed_tokens.weight).all()
    assert not torch.allclose(voice.lm_head.weight, model.lm_head.weight)
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_the_fingerprint_follows_both_files_and_the_base(folder):
    base = LanguageModel.load(folder, dtype="float32")
    before = base.voices.fingerprint
    assert LanguageModel.load(folder).voices.fingerprint == before
    metadata = {"base_fingerprint": base.fingerprint}
    save_file(random_change(base.model, seed=5), folder / "voices" / "human.safetensors", metadata=metadata)
    assert LanguageModel.load(folder).voices.fingerprint != before


def test_a_voice_of_another_base_is_refused(folder):
    changed = random_change(tiny_llama())
    save_file(changed, folder / "voices" / "human.safetensors", metadata={"base_fingerprint": "f" * 16})
    with pytest.raises(ModelError, match=r"human\.safetensors was made for the base model ffff"):
        _ = LanguageModel.load(folder).voices
    with pytest.raises(ModelError, match="load the base in float32"):
        _ = LanguageModel.load(folder, dtype="bfloat16").voices


@pytest.mark.parametrize("damage", ["missing", "cut", "misfit", "half a pair", "unknown", "flat", "apart"])
def test_a_broken_voice_is_a_sentence(folder, damage):
    path = folder / "voices" / "machine.safetensors"
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        metadata = {"base_fingerprint": LanguageModel.load(folder, dtype="float32").fingerprint}
        tensors = {
            "misfit": {"model.norm.weight.change": torch.zeros(1)},
            "half a pair": {"lm_head.weight.down": torch.zeros(2, 32)},
            "unknown": {"model.unheard.weight.change": torch.zeros(7)},
            "flat": {"lm_head.weight.up": torch.zeros(400), "lm_head.weight.down": torch.zeros(32)},
            "apart": {"lm_head.weight.up": torch.zeros(400, 3), "lm_head.weight.down": torch.zeros(2, 32)},
        }
        save_file(tensors[damage], path, metadata=metadata)
    with pytest.raises(ModelError, match="cannot be read" if damage in ("missing", "cut") else "does not fit"):
        _ = LanguageModel.load(folder).voices


@pytest.mark.parametrize(
    "tensors",
    [
        {"model.norm.weight.change": torch.full((32,), torch.nan)},
        {"model.norm.weight.change": torch.full((32,), torch.inf)},
        {"model.norm.weight.change": torch.ones(32, dtype=torch.int64)},
        {"model.norm.weight.change": torch.ones(32, dtype=torch.complex64)},
        {"lm_head.weight.up": torch.full((400, 2), 1e38), "lm_head.weight.down": torch.full((2, 32), 1e38)},
    ],
    ids=["nan", "inf", "whole numbers", "complex", "product"],
)
def test_a_voice_of_numbers_that_are_none_is_refused(folder, tensors):
    base = LanguageModel.load(folder, dtype="float32")
    metadata = {"base_fingerprint": base.fingerprint}
    save_file(tensors, folder / "voices" / "machine.safetensors", metadata=metadata)
    with pytest.raises(ModelError, match=r"machine\.safetensors is damaged: .* no finite numbers"):
        _ = base.voices
