"""GGUF files of the user's own: the same model, the right tokens, and a sentence for whatever is no such file."""

import math
import struct

import gguf
import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType
from huggingface_hub import constants
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from transformers.utils import quantization_config

from detector import LanguageModel, ModelError, score_texts
from detector.errors import DetectorWarning
from detector.models.gguf_file import GgufFile
from detector.models.gguf_tokenizer import prefix_token, read_tokenizer
from tests.conftest import TRAINING_TEXT, tiny_llama, tiny_tokenizer
from tests.models.gguf_made_here import side_by_side, tiny_gguf, write_gguf


def load(path, dtype="float32"):
    return LanguageModel.load(path, device="cpu", dtype=dtype)


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0"])
def test_logits_are_those_of_the_same_weights_in_transformers(tmp_path, kind):
    """The weights that the type leaves are computed here, block by block, and put into a model made directly."""
    model = tiny_llama()
    expected = tiny_llama()
    with torch.no_grad():
        for parameter in expected.parameters():
            if parameter.dim() == 2:
                parameter.copy_(rounded(parameter, kind))
    loaded = load(tiny_gguf(tmp_path / "tiny.gguf", model=model, kind=GGMLQuantizationType[kind]))
    ids = torch.arange(5, 30)[None]
    with torch.inference_mode():
        found, wanted = loaded.model(input_ids=ids).logits, expected.eval()(input_ids=ids).logits
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def rounded(weight, kind):
    """What a type keeps of a matrix; Q8_0 has a float16 scale for 32 whole numbers of at most 127."""
    if kind == "F32":
        return weight
    if kind in ("F16", "BF16"):
        return weight.to(torch.float16 if kind == "F16" else torch.bfloat16).float()
    kept = []
    for block in weight.detach().numpy().reshape(-1, 32):
        scale = np.abs(block).max() / np.float32(127)
        numbers = [math.copysign(math.floor(abs(v) / scale + 0.5), v) for v in block]
        kept.append(np.array(numbers, dtype=np.float32) * np.float32(np.float16(scale)))
    return torch.from_numpy(np.concatenate(kept).reshape(weight.shape))


def test_a_gguf_file_scores_as_its_folder_does(tiny_folder, tmp_path):
    path = tiny_gguf(tmp_path / "tiny.gguf", pre="starcoder", tokenizer__ggml__bos_token_id=0)
    of_file, of_folder = load(path), LanguageModel.load(tiny_folder, device="cpu", dtype="float32")
    assert of_file.name == str(path)
    left, right = (next(score_texts(model, [TRAINING_TEXT[:80]])) for model in (of_file, of_folder))
    assert left.token_ids.tolist() == right.token_ids.tolist()
    assert left.log_prob_nats.tolist() == pytest.approx(right.log_prob_nats.tolist(), abs=1e-4)


def test_the_number_format_is_the_one_asked_for(tmp_path, capsys):
    assert load(tiny_gguf(tmp_path / "tiny.gguf"), "bfloat16").dtype == "bfloat16"
    assert capsys.readouterr() == ("", "")


def test_weights_are_unpacked_and_no_kernel_is_fetched_for_them(tmp_path, monkeypatch):
    real, seen = AutoModelForCausalLM.from_pretrained, []

    def from_pretrained(*arguments, **options):
        seen.append((constants.HF_HUB_OFFLINE, options))
        return real(*arguments, **options)

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", from_pretrained)
    load(tiny_gguf(tmp_path / "tiny.gguf", kind=GGMLQuantizationType.Q8_0))
    ((is_offline, options),) = seen
    assert is_offline
    assert not constants.HF_HUB_OFFLINE
    if hasattr(quantization_config, "GgufConfig"):
        assert options["quantization_config"].dequantize
    assert options["trust_remote_code"] is False


def test_a_name_without_the_ending_is_known_by_its_first_bytes(tmp_path):
    assert load(tiny_gguf(tmp_path / "model")).vocabulary_size == 400


# Words as the published rules cut them, by hand: what each text falls into before any merging.
TEXT = "It's 1984, DON'T\n\n go  on"
RULES = {
    "gpt-2": ["It", "'s", " 1984", ",", " DON", "'", "T", "\n\n", " go", " ", " on"],
    "smollm": ["It", "'s", " ", "1", "9", "8", "4", ",", " DON", "'", "T", "\n\n", " go", " ", " on"],
    "llama-bpe": ["It", "'s", " ", "198", "4", ",", " DON", "'T", "\n\n", " go", " ", " on"],
    "qwen2": ["It", "'s", " ", "1", "9", "8", "4", ",", " DON", "'T", "\n\n", " go", " ", " on"],
    "tekken": ["It", "'s", " ", "1", "9", "8", "4", ",", " DON", "'T", "\n\n", " go", " ", " on"],
    "gpt-4o": ["It's", " ", "198", "4", ",", " DON'T", "\n\n", " go", " ", " on"],
}


@pytest.mark.parametrize("rule", RULES)
def test_words_are_cut_as_the_file_says(tmp_path, rule):
    file = GgufFile.read(write_gguf(tmp_path / "a.gguf", tokenizer=tiny_tokenizer(), pre=rule))
    cut = read_tokenizer(file).backend_tokenizer.pre_tokenizer.pre_tokenize_str(TEXT)
    assert [TEXT[start:end] for _, (start, end) in cut] == RULES[rule]


@pytest.mark.parametrize("rule", ["whatever-9", None])
def test_an_unknown_rule_is_said(tmp_path, rule):
    file = GgufFile.read(write_gguf(tmp_path / "a.gguf", tokenizer=tiny_tokenizer(), pre=rule))
    with pytest.warns(DetectorWarning, match=f"by the rule '{rule or 'default'}', which is not known here"):
        tokenizer = read_tokenizer(file)
    cut = tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str(TEXT)
    assert [TEXT[start:end] for _, (start, end) in cut] == RULES["gpt-2"]


def words_tokenizer(special):
    """A byte-level tokenizer without merges that matter; ``special`` come first."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *alphabet])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.add_special_tokens(list(special))
    return PreTrainedTokenizerFast(tokenizer_object=backend)


@pytest.mark.parametrize(
    ("special", "bos", "is_added", "pre", "expected"),
    [
        (["<s>", "<|endoftext|>"], 0, True, "gpt-2", "<s>"),
        (["<s>", "<|endoftext|>"], 0, False, "gpt-2", "<|endoftext|>"),
        (["<s>", "<|endoftext|>"], 0, None, "gpt-2", "<|endoftext|>"),
        (["<|begin_of_text|>", "<|endoftext|>"], 0, None, "llama-bpe", "<|begin_of_text|>"),
        (["<s>", "</s>"], 0, False, "gpt-2", "<s>"),
        (["<|endoftext|>", "<|im_start|>", "<|im_end|>"], 1, False, "smollm", "<|endoftext|>"),
        (["<|endoftext|>", "<|im_start|>", "<|im_end|>"], 1, True, "smollm", "<|endoftext|>"),
        (["<unk>", "<|im_start|>", "<|im_end|>"], 1, True, "gpt-2", None),
        (["<unk>", "<|im_start|>", "<|im_end|>"], None, None, "gpt-2", None),
        (["<unk>", "<s>"], 99_999, True, "gpt-2", None),
    ],
)
def test_what_stands_in_front_of_a_text(tmp_path, special, bos, is_added, pre, expected):
    keys = {"tokenizer__ggml__eos_token_id": 2}
    if bos is not None:
        keys["tokenizer__ggml__bos_token_id"] = bos
    if is_added is not None:
        keys["tokenizer__ggml__add_bos_token"] = is_added
    path = write_gguf(tmp_path / "a.gguf", tokenizer=words_tokenizer(special), pre=pre, **keys)
    assert prefix_token(GgufFile.read(path)) == expected
    loaded = load(path)
    if expected is not None:
        assert (loaded.prefix_id, loaded.first_token) == (special.index(expected), "after_bos")
    else:  # <|im_end|> is no end of a document either
        assert loaded.first_token == ("not_scored" if "<|im_end|>" in special else "after_eos")


def test_control_tokens_in_a_text_are_plain_text(tmp_path):
    loaded = load(write_gguf(tmp_path / "a.gguf", tokenizer=words_tokenizer(["<|endoftext|>"])))
    ids, starts, _ = loaded.encoder.encode("a<|endoftext|>")
    assert 0 not in ids
    assert len(starts) == 14


def header(*parts):
    return b"GGUF" + struct.pack("<I", 3) + b"".join(parts)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty, so it is not a GGUF file"),
        (b"PK\x03\x04 a zip", "is not a GGUF file: it begins with b'PK"),
        (b"GGUF", "is truncated or damaged"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "GGUF of version 1; read are the versions 2 and 3"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "GGUF of version 3, big-endian"),
        (header(struct.pack("<QQ", 2**60, 1)), "announces 1152921504606846976 tensors and 1 keys"),
        (header(struct.pack("<QQ", 0, 2**63)), "announces 0 tensors and 9223372036854775808 keys"),
        (header(struct.pack("<QQQ", 0, 1, 2**62), b"name"), "goes on beyond the end of the file"),
        (header(struct.pack("<QQQ1sIIQ", 0, 1, 1, b"a", 9, 4, 2**61)), "goes on beyond the end of the file"),
        (header(struct.pack("<QQQ1sIIQ", 0, 1, 1, b"a", 9, 8, 2**40)), "announces 1099511627776 texts"),
        (header(struct.pack("<QQQ1sI", 0, 1, 1, b"a", 77)), "has the type 77, which is none"),
        (header(struct.pack("<QQQ1sI", 0, 1, 1, b"\xff", 77)), "is not UTF-8"),
    ],
)
def test_what_is_no_whole_gguf_file_is_said_at_once(tmp_path, content, sentence):
    (tmp_path / "a.gguf").write_bytes(content)
    with pytest.raises(ModelError, match=sentence):
        load(tmp_path / "a.gguf")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.9999])
def test_a_truncated_file(tmp_path, share):
    path = tiny_gguf(tmp_path / "a.gguf")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=r"is truncated or damaged: .* Copy or download the file again"):
        load(path)


def test_a_file_that_is_not_there():
    for name in ("no/such.gguf", "such.gguf"):
        with pytest.raises(ModelError, match=f"No model file at {name}"):
            load(name)


def test_a_file_without_a_tokenizer(tmp_path):
    with pytest.raises(ModelError, match="holds no tokenizer"):
        load(write_gguf(tmp_path / "a.gguf"))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"architecture": "bert"}, r"\(architecture bert\) is an embedding model or an encoder"),
        ({"architecture": "nomic-bert-moe"}, "is an embedding model or an encoder"),
        ({"llama__attention__causal": False}, "is an embedding model or an encoder"),
        ({"llama__pooling_type": 1}, "is an embedding model or an encoder"),
        ({"general__type": "adapter"}, "of the type adapter, not a whole model"),
        ({"split__count": 3}, "is one of 3 parts of a model"),
        ({"architecture": "rwkv99"}, r"\(architecture rwkv99\) cannot be loaded: .*Give the original model folder"),
    ],
)
def test_what_is_no_causal_model(tmp_path, keys, sentence):
    with pytest.raises(ModelError, match=sentence):
        load(tiny_gguf(tmp_path / "a.gguf", **keys))


@pytest.mark.parametrize(("number", "named"), [(24, "I8"), (177, "number 177")])
def test_a_quantisation_type_that_cannot_be_read(tmp_path, number, named):
    path = tiny_gguf(tmp_path / "a.gguf")
    content = path.read_bytes()
    name = b"output_norm.weight"
    at = content.index(name) + len(name) + 4 + 8  # the number of dimensions, one length, and there is the type
    path.write_bytes(content[:at] + struct.pack("<I", number) + content[at + 4 :])
    with pytest.raises(ModelError, match=f"holds output_norm.weight in the quantisation type {named}"):
        load(path)


def test_a_merge_of_tokens_that_there_are_none(tmp_path):
    tokenizer = tiny_tokenizer()
    path = write_gguf(tmp_path / "a.gguf", tokenizer=tokenizer)
    content = path.read_bytes()
    merge = next(merge for merge in GgufFile.read(path).metadata["tokenizer.ggml.merges"] if merge.isascii())
    stored = struct.pack("<Q", len(merge)) + merge.encode()
    assert stored in content
    path.write_bytes(content.replace(stored, struct.pack("<Q", len(merge)) + b"\x01" * (len(merge) - 2) + b" \x01", 1))
    with pytest.raises(ModelError, match="does not fit together"):
        load(path)


def test_a_folder_that_holds_a_gguf_file_alone_names_it(tmp_path):
    path = tiny_gguf(tmp_path / "a.gguf")
    with pytest.raises(ModelError, match=rf"holds no config\.json, .* give --model {path}"):
        load(tmp_path)


def test_rows_side_by_side_by_hand():
    """Head 1 has the rows 0, 1 | 2, 3, of which 0 and 2 turn together, and 1 and 3."""
    assert side_by_side(np.arange(8)[:, None], 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_header_numbers_are_as_they_were_written(tmp_path):
    file = GgufFile.read(tiny_gguf(tmp_path / "a.gguf", general__alignment=64))
    assert file.metadata["llama.attention.layer_norm_rms_epsilon"] == 1e-6
    assert file.architecture == "llama"
    assert file.tensors["token_embd.weight"].shape == (400, 32)
    weights = dict(file.weights())
    np.testing.assert_array_equal(weights["output.weight"], tiny_llama().lm_head.weight.detach().numpy())
    assert gguf.GGUFReader(file.path).tensors[0].name == next(iter(file.tensors))
