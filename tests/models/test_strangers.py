"""Models of strangers: what they say of themselves is checked before a library opens anything."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from detector import LanguageModel, ModelError
from detector.errors import DetectorError
from detector.models.inspection import Extent, check_description, check_sizes, check_weight_map, files_in
from tests.models.gguf_made_here import tiny_gguf


@pytest.fixture
def folder(tiny_folder, tmp_path):
    return Path(shutil.copytree(tiny_folder, tmp_path / "copy"))


def change(folder, file="config.json", **fields):
    """Write other fields into one of the JSON files."""
    path = folder / file
    found = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(found | fields))


def refusal(folder, **options):
    with pytest.raises(ModelError) as refused:
        LanguageModel.load(folder, device="cpu", **options)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert len(sentence) < 700
    return sentence


class Trap:
    """A pickle that shows whether it was opened."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize(
    "named", ["w.bin", "../w.bin", "../model.safetensors", "/etc/hosts", "a/b.safetensors", "", None, 7]
)
@pytest.mark.parametrize("decoy", ["decoy.safetensors", "w.safetensors"])
def test_an_index_that_names_anything_but_safetensors_beside_it(folder, tmp_path, named, decoy):
    mark = tmp_path / "opened"
    (folder / "model.safetensors").rename(folder / decoy)
    for place in (folder / "w.bin", tmp_path / "w.bin"):
        torch.save(Trap(mark), place)
    change(folder, "model.safetensors.index.json", metadata={}, weight_map={"lm_head.weight": named})
    assert "names" in refusal(folder)
    assert not mark.exists()


@pytest.mark.parametrize("index", [{}, {"weight_map": []}, {"weight_map": None}])
def test_an_index_without_a_map(folder, index):
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "has no weight_map" in refusal(folder)


def test_shards_load_as_ever(folder, tiny):
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    shards = {"model-00001-of-00002.safetensors": names[:5], "model-00002-of-00002.safetensors": names[5:]}
    for file, held in shards.items():
        save_file({name: weights[name] for name in held}, folder / file, metadata={"format": "pt"})
    weight_map = {name: file for file, held in shards.items() for name in held}
    change(folder, "model.safetensors.index.json", metadata={"total_size": 1}, weight_map=weight_map)
    assert LanguageModel.load(folder, device="cpu", dtype="float32").fingerprint == tiny.fingerprint


@pytest.mark.parametrize(
    "weights", ["w.bin", "adapter_model.bin", "../model.safetensors", 7, "x/model.safetensors.index.json"]
)
def test_a_config_that_takes_its_weights_from_elsewhere(folder, weights):
    change(folder, transformers_weights=weights)
    assert "takes the weights from" in refusal(folder)


def test_an_adapter_is_no_model(folder):
    change(folder, "adapter_config.json", base_model_name_or_path="nobody/no-such-model")
    assert "holds an adapter" in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"model_type": "t5"}, "is an encoder-decoder model, which reads a text from both sides"),
        ({"model_type": "bart", "is_encoder_decoder": True}, "is an encoder-decoder model"),
        ({"is_encoder_decoder": True}, "(architecture llama) is an encoder-decoder model"),
        ({"model_type": "vit"}, "is not a causal model: it predicts no next token"),
        ({"model_type": "mine", "auto_map": {"AutoConfig": "c.C"}}, "needs program code of its own (auto_map"),
        ({"attn_implementation": "stranger/kernel"}, "needs program code of its own (attn_implementation"),
        ({"_attn_implementation": {"": "stranger/kernel"}}, "needs program code of its own"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence_with_the_remedy(folder, changes, sentence):
    change(folder, **changes)
    said = refusal(folder)
    assert sentence in said
    assert "Use a model" in said


def test_code_of_its_own_beside_a_known_architecture_is_not_run(folder, tiny):
    (folder / "c.py").write_text("raise SystemExit('this was run')\n")
    change(folder, auto_map={"AutoConfig": "c.C", "AutoModelForCausalLM": "c.M"})
    assert LanguageModel.load(folder, device="cpu", dtype="float32").fingerprint == tiny.fingerprint


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_hidden_layers", 1_000_000),
        ("num_hidden_layers", 10**15),
        ("vocab_size", 10**12),
        ("hidden_size", 10**9),
        ("intermediate_size", 10**9),
        ("num_attention_heads", 10**9),
        ("head_dim", 10**9),
        ("num_labels", 10**9),
        ("num_local_experts", 100_000),
        ("num_hidden_layers", -5),
        ("hidden_size", float("nan")),
        ("text_config", {"num_hidden_layers": 1_000_000}),
    ],
)
def test_a_config_that_asks_for_more_than_its_weights(folder, field, value):
    change(folder, **{field: value})
    said = refusal(folder)
    assert f"asks for {'num_hidden_layers' if field == 'text_config' else field}" in said
    assert "the weights hold 21 tensors" in said


def test_without_the_files_a_million_layers_are_too_many_all_the_same():
    for field in ("num_hidden_layers", "n_layer", "decoder_layers", "num_layers", "n_routed_experts"):
        with pytest.raises(ModelError, match=f"asks for {field} 1000000"):
            check_sizes("nobody/model", {field: 1_000_000}, None)
    check_sizes("nobody/model", {"num_hidden_layers": 126, "vocab_size": 262_144, "seed": 10**18}, None)
    check_sizes("nobody/model", {"num_local_experts": 256, "num_hidden_layers": 4}, Extent(4, 10**6))


def test_a_gguf_file_of_a_million_layers(tmp_path):
    path = tiny_gguf(tmp_path / "a.gguf", llama__block_count=1_000_000)
    with pytest.raises(ModelError, match=r"the header of .*a\.gguf asks for block_count 1000000"):
        LanguageModel.load(path, device="cpu")


@pytest.mark.parametrize(
    "file", ["config.json", "generation_config.json", "tokenizer_config.json", "model.safetensors.index.json"]
)
@pytest.mark.parametrize("content", ["[" * 100_000 + "]" * 100_000, '{"a":' * 99_999, "[]", "{", '{"a": "\xff"}'])
def test_json_that_is_broken_or_nested_beyond_reason_names_its_file(folder, file, content):
    (folder / file).write_bytes(content.encode("latin-1"))
    said = refusal(folder)
    assert file in said
    assert "JSON" in said


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_no_finite_numbers(folder, value):
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.1.mlp.up_proj.weight"][3, 4] = value
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    said = refusal(folder, dtype="float32")
    assert "hold values that are no finite numbers (model.layers.1.mlp.up_proj.weight): they are damaged." in said


def test_weights_too_large_for_a_short_format(folder):
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] *= 1e6
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert "too large for float16" in refusal(folder, dtype="float16")
    assert LanguageModel.load(folder, device="cpu", dtype="float32")


def test_a_panic_of_a_library_is_a_sentence_too(folder, monkeypatch):
    class PanicException(BaseException):
        """As code in Rust raises it."""

    def panics(*arguments, **options):
        raise PanicException("index out of bounds")

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", panics)
    assert "cannot be loaded: index out of bounds" in refusal(folder)


def test_every_damage_of_the_config_is_a_sentence(folder):
    """Every field gone or of another kind: it loads or is refused, and nothing else."""
    whole = json.loads((folder / "config.json").read_text())
    for field in whole:
        for value in ("x", [], {}, 10**30):
            (folder / "config.json").write_text(json.dumps(whole | {field: value}))
            with suppress(DetectorError):
                LanguageModel.load(folder, device="cpu", dtype="float32")


def test_the_checks_of_a_model_of_the_hub_are_those_of_a_folder(folder):
    change(folder, "model.safetensors.index.json", metadata={}, weight_map={"a": "pytorch_model.bin"})
    assert check_description("nobody/model", files_in(folder))["model_type"] == "llama"
    with pytest.raises(ModelError, match=r"of nobody/model names pytorch_model\.bin"):
        check_weight_map("nobody/model", files_in(folder))
    assert check_description("nobody/model", lambda file: None) == {}
    assert check_weight_map("nobody/model", lambda file: None) is None
