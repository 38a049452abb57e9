import json
import shutil
from functools import partial

import numpy as np
import pytest
import torch

from detector import LanguageModel, ModelError, UsageError, score_texts
from detector.generation import generate
from detector.models.loading import has_bfloat16, resolve_device, resolve_dtype
from detector.perturbation import SpanResampler
from tests.conftest import add_voices, tiny_llama, tiny_tokenizer


@pytest.fixture
def copy(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "copy")


def test_a_folder_loads_and_scores_like_the_model_in_memory(tiny, tiny_folder):
    loaded = LanguageModel.load(tiny_folder, device="cpu", dtype="float32")
    left, right = next(score_texts(loaded, ["The old man"])), next(score_texts(tiny, ["The old man"]))
    assert left.log_prob_nats.tolist() == pytest.approx(right.log_prob_nats.tolist(), abs=1e-5)
    assert loaded.fingerprint == tiny.fingerprint


def test_the_fingerprint_changes_with_weights_dtype_window_and_first_token_policy(tiny, tiny_folder):
    prints = {tiny.fingerprint}
    prints.add(LanguageModel.load(tiny_folder, dtype="bfloat16", device="cpu").fingerprint)
    prints.add(LanguageModel(tiny_llama(), tiny_tokenizer(), max_window=16).fingerprint)
    prints.add(LanguageModel(tiny_llama(), tiny_tokenizer(bos=False)).fingerprint)
    prints.add(LanguageModel(tiny_llama(), tiny_tokenizer(), prefix="none").fingerprint)
    other = tiny_llama()
    other.lm_head.weight.data[0, 0] += 1
    prints.add(LanguageModel(other, tiny_tokenizer()).fingerprint)
    assert len(prints) == 6


def test_the_fingerprint_does_not_depend_on_earlier_calls(tiny_folder):
    model = LanguageModel.load(tiny_folder, device="cpu")
    model.tokenizer(["a", "b c d"], padding=False, truncation=True, max_length=3)
    assert model.fingerprint == LanguageModel.load(tiny_folder, device="cpu").fingerprint


def test_missing_folder():
    with pytest.raises(ModelError, match=r"No model folder at \./no/such"):
        LanguageModel.load("./no/such")


def test_folder_without_config(tmp_path):
    with pytest.raises(ModelError, match=r"no config\.json"):
        LanguageModel.load(tmp_path)


def test_config_that_is_not_json(copy):
    (copy / "config.json").write_text("{")
    with pytest.raises(ModelError, match="not valid JSON"):
        LanguageModel.load(copy)


def test_folder_without_weights(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="no weights"):
        LanguageModel.load(copy)


def test_pickle_weights_are_never_read(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickle format"):
        LanguageModel.load(copy)


@pytest.mark.parametrize("damage", ["truncate", "garbage", "empty"])
def test_damaged_weights(copy, damage):
    path = copy / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes({"truncate": data[: len(data) // 2], "garbage": b"\xff" * 500, "empty": b""}[damage])
    with pytest.raises(ModelError, match="damaged"):
        LanguageModel.load(copy)


def test_a_model_that_is_not_causal(copy):
    config = json.loads((copy / "config.json").read_text())
    config |= {"model_type": "no-such-type", "architectures": ["Nothing"]}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="cannot be loaded"):
        LanguageModel.load(copy)


def test_folder_without_tokenizer(copy):
    for path in copy.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelError, match="holds no tokenizer"):
        LanguageModel.load(copy)


def test_weights_that_lack_parameters(copy):
    config = json.loads((copy / "config.json").read_text())
    config["num_hidden_layers"] += 1
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"lack \d+ of the parameters"):
        LanguageModel.load(copy)


def test_a_tokenizer_with_more_ids_than_the_model(tiny_folder):
    model = tiny_llama()
    model.resize_token_embeddings(300)
    with pytest.raises(ModelError, match="do not belong together"):
        LanguageModel(model, tiny_tokenizer())


def llama_of_as_many_ids_as(tokenizer):
    model = tiny_llama()
    model.resize_token_embeddings(len(tokenizer))
    return model


def test_special_ids_that_no_text_can_hold_may_lie_beyond_the_embeddings():
    tokenizer, text = tiny_tokenizer(), "The old <MID> man walked to <EOT> the harbour, seven, eight."
    known = len(tokenizer)
    network = llama_of_as_many_ids_as(tokenizer)
    plain = LanguageModel(network, tiny_tokenizer())
    tokenizer.add_special_tokens({"additional_special_tokens": ["<PRE>", "<MID>", "<EOT>"]})
    assert tokenizer.convert_tokens_to_ids("<EOT>") == known + 2
    model = LanguageModel(network, tokenizer)
    (found,), (expected,) = score_texts(model, [text]), score_texts(plain, [text])
    assert found.token_ids.tolist() == expected.token_ids.tolist(), "spelt out, they are plain text"
    np.testing.assert_allclose(found.log_prob_nats, expected.log_prob_nats, atol=1e-5)
    assert SpanResampler(model).perturb(text, 2)
    (drawn,) = generate(model, ["The old"], max_tokens=5)
    assert len(drawn.token_ids) >= 1


def test_added_words_beyond_the_embeddings_are_refused():
    tokenizer = tiny_tokenizer()
    known, network = len(tokenizer), llama_of_as_many_ids_as(tokenizer)
    tokenizer.add_tokens(["harbourmaster"])  # plain: a text may hold it
    with pytest.raises(ModelError, match=f"gives texts the id {known} and the model knows {known} tokens"):
        LanguageModel(network, tokenizer)


def test_a_first_token_beyond_the_embeddings_is_refused():
    tokenizer = tiny_tokenizer()
    known, network = len(tokenizer), llama_of_as_many_ids_as(tokenizer)
    tokenizer.add_special_tokens({"bos_token": "<begin>"})
    with pytest.raises(ModelError, match=f"the id {known}"):
        LanguageModel(network, tokenizer, prefix="<begin>")


def test_a_model_that_sees_the_future():
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=400, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    with pytest.raises(ModelError, match="not a causal model"):
        LanguageModel(BertForMaskedLM(config), tiny_tokenizer(), name="bert")


def test_a_name_that_is_not_on_this_machine_where_the_hub_does_not_answer(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")  # the discard port
    with pytest.raises(ModelError, match="not on this machine, and the Hugging Face Hub does not answer"):
        LanguageModel.load("nobody/no-such-model")


def test_a_name_that_is_not_on_this_machine_offline():
    with pytest.raises(ModelError, match="--offline forbids"):
        LanguageModel.load("nobody/no-such-model", offline=True)


def test_unknown_dtype_and_device(tiny_folder):
    with pytest.raises(UsageError, match="Allowed: auto, float32, bfloat16, float16"):
        LanguageModel.load(tiny_folder, dtype="int3")
    for device in ("toaster", "meta", "xpu"):
        with pytest.raises(UsageError, match="Allowed: auto, cpu"):
            resolve_device(device)
    for device in ("cuda:99", "cpu:1"):
        with pytest.raises(ModelError, match="Try --device cpu"):
            resolve_device(device)


CPU = torch.device("cpu")


@pytest.mark.parametrize("has", [True, False])
def test_auto_is_bfloat16_only_where_the_device_has_it(has):
    assert resolve_dtype("auto", CPU, has_bfloat16=lambda device: has) == ("bfloat16" if has else "float32")
    assert resolve_dtype("auto", CPU, needs_float32=True, has_bfloat16=lambda device: has) == "float32"
    for dtype in ("float32", "bfloat16", "float16"):
        assert resolve_dtype(dtype, CPU, needs_float32=True, has_bfloat16=lambda device: has) == dtype


def test_the_instructions_are_asked_for_and_not_whether_torch_could_emulate_them(monkeypatch):
    answers = {"_is_avx512_bf16_supported": False, "_is_amx_tile_supported": False}
    for name in answers:
        monkeypatch.setattr(torch.cpu, name, lambda name=name: answers[name], raising=False)
    assert not has_bfloat16(CPU)
    for name in answers:
        answers[name] = True
        assert has_bfloat16(CPU)
        answers[name] = False
    for name in answers:
        monkeypatch.delattr(torch.cpu, name)
    assert not has_bfloat16(CPU)
    assert not has_bfloat16(torch.device("mps"))


@pytest.mark.parametrize("has", [True, False])
def test_what_auto_loads(tiny_folder, tmp_path, monkeypatch, has):
    monkeypatch.setattr(
        "detector.models.loading.resolve_dtype", partial(resolve_dtype, has_bfloat16=lambda device: has)
    )
    copy = shutil.copytree(tiny_folder, tmp_path / "copy")
    assert LanguageModel.load(copy, device="cpu").dtype == ("bfloat16" if has else "float32")
    assert LanguageModel.load("small", device="cpu").dtype == "float32"
    add_voices(copy)
    assert LanguageModel.load(copy, device="cpu").dtype == "float32"
