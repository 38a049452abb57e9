import json

import pytest
import typer
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from detector.commands.tokens import tokens
from tests.conftest import TRAINING_TEXT, tiny_tokenizer

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(tokens)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tiny_folder, tmp_path_factory):
    """The tiny model with a context that the prompts fit into, and with rows that were never trained."""
    import torch

    from detector.vocabulary.tokenizer_analysis import analyse_tokenizer
    from tests.conftest import tiny_llama

    made = tmp_path_factory.mktemp("tokens")
    tiny_llama(context=512).save_pretrained(made)
    tiny_tokenizer().save_pretrained(made)
    weights = load_file(made / "model.safetensors")
    unused = [*analyse_tokenizer(tiny_tokenizer()).impossible_ids().tolist(), 300, 301, *range(381, 400)]
    weights["lm_head.weight"][unused] = 3 + 0.01 * torch.randn(len(unused), 32, generator=torch.Generator())
    save_file(weights, made / "model.safetensors")
    return made


def test_a_table_for_people(folder):
    result = run(folder, "--top", 5)
    assert result.exit_code == 0
    assert "381 tokens, byte-level BPE" in result.stdout
    assert "suspects besides the reference" in result.stdout
    assert "--verify asks the model" in result.stderr
    assert run(folder, "--quiet").exit_code == 0


def test_one_json_object(folder):
    result = run(folder, "--json")
    assert result.exit_code == 0
    record = json.loads(result.stdout)
    assert {300, 301} <= {token["id"] for token in record["tokens"]}
    assert record["model"]["rows"] == 400


def test_files_are_written_and_compared(folder, tmp_path):
    sample = tmp_path / "harbour.txt"
    sample.write_text(TRAINING_TEXT)
    a, b, page = tmp_path / "a.json", tmp_path / "b.json", tmp_path / "page.html"
    assert run(folder, "--out", a, "--sample", sample).exit_code == 0
    assert run(folder, "--out", b, "--html", page).exit_code == 0
    assert page.read_text().startswith("<!doctype html>")
    result = run("--diff", a, b)
    assert result.exit_code == 0
    assert "Setting sample: harbour.txt in A, None in B." in result.stdout
    assert json.loads(run("--diff", a, b, "--json").stdout)["same_tokenizer"]


def test_verification_goes_on_where_it_was_broken_off(folder, tmp_path, monkeypatch):
    from detector.commands import token_analysis

    out = tmp_path / "analysis.json"

    def broken_off(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(token_analysis, "verify_suspects", broken_off)
        result = run(folder, "--verify", "--out", out)
    assert result.exit_code == 130
    assert "is kept in" in result.stderr
    assert json.loads(out.read_text())["verification"] is None  # what came before is there
    result = run(folder, "--verify", "--most", 4, "--out", out)
    assert result.exit_code == 0, result.output
    assert out.with_suffix(".ledger").is_file()
    assert len(json.loads(out.read_text())["verification"]["tokens"]) >= 4
    assert "Prompted 4 tokens" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "experiment"),
    [
        (("--repeat", "300"), "repetition"),
        (("--induction", "177:188"), "induction"),
        (("--logits", "177:188"), "logits"),
    ],
)
def test_experiments(folder, arguments, experiment):
    result = run(folder, *arguments, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["experiment"] == experiment
    assert run(folder, *arguments).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--induction", "390:420"), 2, "reaches beyond the model's vocabulary of 400"),
        (("--logits", "7"), 2, "no range of ids"),
        (("--repeat", "5000"), 2, "No token has the id 5000"),
        (("--repeat", "1", "--logits", "1:9"), 2, "one at a time"),
        (("--repeat", "1", "--html", "x.html"), 2, "would have no effect"),
        (("--most", "3"), 2, "Nothing is prompted without --verify"),
        (("--png", "x.png"), 2, "Only --induction has a picture"),
        (("--reference", "390:500"), 3, "rows 0 to 399"),
        (("--sample", "nowhere.txt"), 3, "nowhere.txt"),
        (("--drawn", "3"), 2, "Nothing is prompted without --verify"),
        (("--html", "x.txt"), 2, "--html writes .html files, and x.txt is none"),
        (("--out", "nowhere/a.json"), 4, "there is no folder"),
        (("--html", "."), 2, "--html writes .html files"),
        (("--verify", "--ledger", "nowhere/a.ledger"), 4, "there is no folder nowhere"),
        (("--induction", "5:8", "--png", "nowhere/a.png"), 4, "there is no folder nowhere"),
        (("--diff", "nowhere.json", "b.json"), 3, "cannot be read"),
    ],
)
def test_bad_input_is_a_sentence(folder, arguments, code, sentence):
    result = run(folder, *arguments)
    assert result.exit_code == code, result.output
    assert sentence in result.stderr
    assert result.stdout == ""


def test_the_size_of_the_random_sample(folder, tmp_path):
    from detector.vocabulary.verification_record import VerificationSettings

    for drawn in (2, 5):
        out = tmp_path / f"{drawn}.json"
        result = run(folder, "--verify", "--most", 3, "--drawn", drawn, "--out", out)
        assert result.exit_code == 0, result.output
        assert json.loads(out.read_text())["verification"]["recall"]["sampled"] == drawn
    default = next(p for p in typer.main.get_command(app).params if p.name == "drawn").show_default
    assert default == str(VerificationSettings().sample)


def test_a_model_larger_than_the_free_memory_is_not_loaded(folder, monkeypatch):
    from detector.models import LanguageModel
    from detector.vocabulary import model_source

    def loaded(*arguments):
        raise AssertionError("it was loaded")

    monkeypatch.setattr(LanguageModel, "load", loaded)
    monkeypatch.setattr(model_source, "free_memory_bytes", lambda: 1000)
    for arguments, remedy in ((("--verify",), "Leave out --verify"), (("--repeat", "300"), "a smaller model")):
        result = run(folder, *arguments)
        assert result.exit_code == 4
        assert "of memory are free" in result.stderr
        assert remedy in result.stderr
        assert result.stdout == ""
    assert run(folder).exit_code == 0  # the embeddings alone are read


def test_without_ranking_and_merges_tokens_are_verified_in_a_random_order(tmp_path):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from tests.vocabulary import tokenizers_made_here as made

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=9, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
        max_position_embeddings=2048, tie_word_embeddings=True, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    PreTrainedTokenizerFast(tokenizer_object=made.unigram(), unk_token="<unk>").save_pretrained(tmp_path)
    result = run(tmp_path, "--verify", "--most", 3)
    assert "no ranking can be given" in result.stdout  # shown though prompting fails
    assert "prompted in a random order" in result.stderr
    assert result.exit_code == 3
    assert "cannot be verified by prompting" in result.stderr


def test_a_model_that_is_not_there():
    result = run("./nowhere")
    assert result.exit_code == 4
    assert "No model folder at ./nowhere" in result.stderr


def test_a_model_too_large_to_load_is_still_analysed(folder, tmp_path):
    """Only the embeddings are read: the other weights need not even be there."""
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if name in ("model.embed_tokens.weight", "lm_head.weight")}
    save_file(kept, tmp_path / "model.safetensors")
    assert (
        json.loads(run(tmp_path, "--json").stdout)["suspects"] == json.loads(run(folder, "--json").stdout)["suspects"]
    )
