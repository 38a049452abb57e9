import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from detector.errors import InputError, ModelError
from detector.vocabulary.analysis import analyse_vocabulary, order_to_verify
from detector.vocabulary.analysis_record import load_analysis
from detector.vocabulary.difference import difference
from detector.vocabulary.model_source import check_memory, find_folder, free_memory_bytes, load_tokenizer
from detector.vocabulary.tokenizer_analysis import Category
from tests.conftest import TRAINING_TEXT, tiny_llama, tiny_tokenizer


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory):
    """A tiny tied model whose impossible bytes and three other tokens lie together, far from the rest."""
    folder = tmp_path_factory.mktemp("tied-model")
    model = tiny_llama()
    model.resize_token_embeddings(SIZE)
    rng = torch.Generator().manual_seed(1)
    rows = torch.randn(SIZE, 32, generator=rng)
    unused = [*impossible_ids(), 300, 301, 302]
    rows[unused] = 8 + 0.05 * torch.randn(len(unused), 32, generator=rng)
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(rows)
    model.config.tie_word_embeddings = True
    model.lm_head.weight = model.model.embed_tokens.weight
    model.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def impossible_ids():
    from detector.vocabulary.tokenizer_analysis import analyse_tokenizer

    return analyse_tokenizer(tiny_tokenizer()).impossible_ids().tolist()


SIZE = 381
"""Tokens of the tiny tokenizer."""


def analysed(folder, **options):
    return analyse_vocabulary(folder, load_tokenizer(folder), "tiny", **options)[0]


def same(first, second):
    return json.dumps(first.to_dict()) == json.dumps(second.to_dict())


def test_a_record_survives_its_file(trained_folder, tmp_path):
    analysis = analysed(trained_folder, sample=[TRAINING_TEXT], sample_name="harbour.txt")
    path = tmp_path / "analysis.json"
    analysis.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["analysis.json"]  # no partial file is left
    again = load_analysis(path)
    assert same(analysis, again)
    assert again.settings["sample"] == "harbour.txt"
    assert again.software["tokenizers"]
    assert again.token_bytes == analysis.token_bytes
    np.testing.assert_allclose(again.score, analysis.score, rtol=1e-5)
    again.with_verification({"tokens": [{"token_id": 3, "outcome": "confirmed"}]}).save(path)
    assert load_analysis(path).confirmed_ids() == [3]


def test_the_untrained_are_found_without_the_model(trained_folder):
    analysis = analysed(trained_folder)
    assert analysis.is_tied
    assert analysis.reference.ids.tolist() == impossible_ids()
    assert set(analysis.order[:16].tolist()) == {*impossible_ids(), 300, 301, 302}
    assert analysis.at_floor[[300, 301, 302]].all()
    assert analysis.notes == []
    order = order_to_verify(analysis, rows=SIZE)
    assert set(order[:3].tolist()) == {300, 301, 302}
    assert order_to_verify(analysis, rows=301).max() == 300


def test_a_model_that_gives_no_ranking_keeps_the_rest(tiny_folder, tmp_path):
    """Random untied rows: no reference agrees, the norm stands alone; tied ones have nothing."""
    analysis = analysed(tiny_folder)
    assert analysis.indicators_used == ("input_norm",)
    assert "no reference rows" in analysis.notes[1]
    for file in tiny_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    save_file({k: v for k, v in weights.items() if k != "lm_head.weight"}, tmp_path / "model.safetensors")
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": True}))
    tied = analysed(tmp_path)
    assert len(tied.order) == 0
    assert "no ranking can be given" in tied.notes[1]
    assert tied.categories == analysis.categories
    by_residue = order_to_verify(tied, rows=SIZE)
    assert len(by_residue) > 100  # every token that a merge makes
    assert tied.estimated_standing[by_residue[0]] <= tied.estimated_standing[by_residue[-1]]


@pytest.mark.parametrize("rows", [370, 390])
def test_rows_that_differ_from_the_vocabulary_are_said(trained_folder, tmp_path, rows):
    for file in trained_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    matrix = load_file(tmp_path / "model.safetensors")["model.embed_tokens.weight"]
    changed = matrix[:rows] if rows < SIZE else torch.cat([matrix, matrix[:9] + 0.1])
    save_file({"model.embed_tokens.weight": changed.contiguous()}, tmp_path / "model.safetensors")
    analysis = analysed(tmp_path)
    assert f"The model has {rows} rows of embeddings and the tokenizer {SIZE} tokens" in analysis.notes[0]
    assert len(analysis.score) == SIZE
    assert np.isnan(analysis.score[min(rows, SIZE) :]).all()


def test_a_folder_with_a_tokenizer_alone_is_analysed(tmp_path):
    tiny_tokenizer().save_pretrained(tmp_path)
    analysis = analysed(tmp_path)
    assert "no weights" in analysis.notes[0]
    assert analysis.categories.count(Category.PARTIAL_UTF8) >= 128
    assert len(analysis.order) == 0


def test_two_files_of_gpt2_s_kind_are_a_tokenizer(tmp_path):
    import shutil

    backend = json.loads(tiny_tokenizer().backend_tokenizer.to_str())["model"]
    merges = [" ".join(pair) for pair in backend["merges"]]
    (tmp_path / "vocab.json").write_text(json.dumps(backend["vocab"]))
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]))
    analysis = analysed(tmp_path)
    assert analysis.versions.slow_version.startswith("vocab.json")
    assert analysis.categories[0] is Category.SPECIAL
    shutil.rmtree(tmp_path)


def test_rows_named_by_the_user_are_checked(trained_folder):
    with pytest.raises(InputError, match="rows 0 to 380"):
        analysed(trained_folder, reference_ids=np.arange(378, 383))
    assert analysed(trained_folder, reference_ids=np.array([300, 301, 302])).reference.source == "the rows given"


def test_what_is_no_analysis_is_refused_in_a_sentence(trained_folder, tmp_path):
    path = tmp_path / "other.json"
    with pytest.raises(InputError, match="cannot be read"):
        load_analysis(path)
    path.write_text("{")
    with pytest.raises(InputError, match="not valid JSON"):
        load_analysis(path)
    path.write_text("[]")
    with pytest.raises(InputError, match=r"no vocabulary analysis.*detect tokens MODEL --out"):
        load_analysis(path)
    analysed(trained_folder).save(path)
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "schema_version": 99}))
    with pytest.raises(InputError, match="schema version 99 and this program reads 1"):
        load_analysis(path)
    del record["tokens"]["score"]
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match="damaged"):
        load_analysis(path)


def test_a_model_that_is_not_there(tmp_path):
    assert find_folder("small").name == "small"
    with pytest.raises(ModelError, match="No model folder"):
        find_folder(str(tmp_path / "nothing"))
    with pytest.raises(ModelError, match="--offline forbids"):
        find_folder("nobody/no-such-model", offline=True)
    with pytest.raises(ModelError, match="holds no tokenizer"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        load_tokenizer(tmp_path)


def test_free_memory(tmp_path):
    meminfo = tmp_path / "meminfo"
    assert free_memory_bytes(meminfo) is None  # not Linux
    meminfo.write_text("MemTotal:       9 kB\nMemFree:        1 kB\nMemAvailable:       3 kB\n")
    assert free_memory_bytes(meminfo) == 3072
    meminfo.write_text("MemTotal:       9 kB\n")
    assert free_memory_bytes(meminfo) is None


def test_weights_must_fit_into_memory(tmp_path, monkeypatch):
    from detector.vocabulary import model_source

    for name in ("a.safetensors", "b.safetensors"):
        (tmp_path / name).write_bytes(bytes(50))
    for free in (100, None):
        monkeypatch.setattr(model_source, "free_memory_bytes", lambda free=free: free)
        check_memory(tmp_path, "")
    monkeypatch.setattr(model_source, "free_memory_bytes", lambda: 99)
    with pytest.raises(ModelError, match=r"0.0 GB of memory are free.*Take another\."):
        check_memory(tmp_path, "Take another.")


def test_a_run_is_like_itself(trained_folder):
    analysis = analysed(trained_folder)
    found = difference(analysis, analysis)
    assert found.same_tokenizer
    assert found.same_embeddings
    assert found.settings == {}
    assert (found.shared, found.only_first, found.only_second) == (SIZE, 0, 0)
    assert found.categories == ()
    assert found.suspects_only_first == ()
    assert found.rank_correlation == pytest.approx(1)
    assert len(analysis.suspects()) == 16  # 13 reference rows and 3 tokens like them
    assert found.counts["suspect"] == (3, 3)
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_changed_is_named(trained_folder, tiny_folder):
    first, second = analysed(trained_folder, sample=[TRAINING_TEXT], sample_name="a"), analysed(tiny_folder)
    second = second.with_verification({"tokens": [{"token_id": 300, "outcome": "confirmed"}]})
    assert "confirmed" not in difference(first, second).counts  # only one of them prompted
    found = difference(first.with_verification({"tokens": []}), second)
    assert found.same_tokenizer
    assert found.same_embeddings is False
    assert found.settings["sample"] == ("a", None)
    assert len(second.suspects()) == 0  # random rows
    assert first.display[300] in found.suspects_only_first
    assert found.confirmed_only_second == (first.display[300],)
    assert found.counts["confirmed"] == (0, 1)


def test_different_tokenizers_are_matched_by_what_their_tokens_show(trained_folder, tmp_path):
    from transformers import PreTrainedTokenizerFast

    from tests.vocabulary import tokenizers_made_here as made

    PreTrainedTokenizerFast(tokenizer_object=made.byte_level([("t", "h"), ("q", "z")])).save_pretrained(tmp_path)
    first, second = analysed(trained_folder), analysed(tmp_path)
    found = difference(first, second)
    assert not found.same_tokenizer
    assert found.same_embeddings is None
    both = set(first.display) & set(second.display)
    assert found.shared == len(both) >= 256
    assert "qz" not in both
    assert found.rank_correlation is None
