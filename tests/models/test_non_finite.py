"""Logits that are no numbers: one sentence, whatever is asked of the model."""

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import cli
from detector import LanguageModel, ModelError, score_texts
from detector.generation import generate, next_token_distribution
from detector.perturbation import SpanResampler, regenerate
from detector.scoring import score_pairs
from detector.vocabulary.experiments import range_logits
from tests.conftest import TRAINING_TEXT, tiny_llama, tiny_tokenizer


def broken(value):
    """A model whose logits are not numbers at every position."""
    model = tiny_llama(context=64)
    with torch.no_grad():
        model.lm_head.weight[7] = value
    return LanguageModel(model, tiny_tokenizer(), name="broken")


@pytest.fixture(scope="module")
def broken_folder(tmp_path_factory):
    """Its weights are finite, as those that are not are refused at once; their products are not."""
    folder = tmp_path_factory.mktemp("broken")
    model = tiny_llama(context=64)
    with torch.no_grad():
        model.model.norm.weight[:] = 1e30
        model.lm_head.weight[:] = 1e30
    model.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


USES = {
    "score": lambda model, tiny: list(score_texts(model, [TRAINING_TEXT])),
    "pair, performer": lambda model, tiny: list(score_pairs(tiny, model, [TRAINING_TEXT])),
    "pair, observer": lambda model, tiny: list(score_pairs(model, tiny, [TRAINING_TEXT])),
    "generate": lambda model, tiny: generate(model, ["The old"], max_tokens=3),
    "next": lambda model, tiny: next_token_distribution(model, "The old"),
    "resample": lambda model, tiny: SpanResampler(model).perturb("The old man walked slowly.", 1),
    "regenerate": lambda model, tiny: list(regenerate(model, ["The old man walked slowly."], n=1)),
    "logits of a range": lambda model, tiny: range_logits(model, range(5, 8)),
}


@pytest.mark.filterwarnings("ignore:.*in a way of its own")
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_every_use_stops_with_a_sentence(tiny, use, value):
    with pytest.raises(ModelError, match=r"^broken gives probabilities that are no finite numbers.*are damaged"):
        use(broken(value), tiny)


def test_numbers_too_large_for_a_short_format_are_said():
    model = tiny_llama().to(torch.float16)
    with torch.no_grad():
        model.model.norm.weight[:] = 60_000.0
        model.lm_head.weight[:] = 60_000.0
    short = LanguageModel(model, tiny_tokenizer(), name="short")
    with pytest.raises(ModelError, match="too large for float16"):
        list(score_texts(short, [TRAINING_TEXT]))


def test_a_masked_token_is_no_fault():
    model = tiny_llama()
    forward = model.lm_head.forward

    def masking(hidden):
        return forward(hidden).index_fill(-1, torch.tensor([5]), -torch.inf)

    model.lm_head.forward = masking
    masked = LanguageModel(model, tiny_tokenizer(), name="masked")
    (scores,) = score_texts(masked, ["The old man."])
    assert np.isfinite(scores.entropy_nats).all()
    assert next_token_distribution(masked, "The old")[5] == 0


@pytest.mark.parametrize(
    "command",
    [
        ("score", "TEXT"),
        ("score", "TEXT", "--json"),
        ("compare", "TEXT", "TEXT", "--quiet"),  # which would say that there is no verdict
        ("next", "The old"),
        ("generate", "--prompt", "The old", "--max-tokens", "3"),
        ("tokens", "FOLDER", "--logits", "5:8"),
    ],
    ids=" ".join,
)
def test_every_command_stops_with_a_sentence(command, broken_folder, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text(TRAINING_TEXT)
    words = [{"TEXT": str(text), "FOLDER": str(broken_folder)}.get(word, word) for word in command]
    if command[0] != "tokens":
        words += ["--model", str(broken_folder)]
    found = CliRunner().invoke(cli.app, [*words, "--device", "cpu"], catch_exceptions=False)
    assert found.exit_code == 4
    assert found.stderr.count("detect: ") == 1
    assert "no finite numbers" in found.stderr
    assert found.stdout == ""


def test_the_verdict_stops_with_a_sentence(broken_folder, tmp_path):
    from tests.conftest import make_classifier

    calibration, text = tmp_path / "classifier.json", tmp_path / "text.txt"
    make_classifier(LanguageModel.load(broken_folder, dtype="float32")).save(calibration)
    text.write_text(TRAINING_TEXT * 2)
    words = [str(text), "--model", str(broken_folder), "--device", "cpu", "--calibration", str(calibration)]
    found = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert (found.exit_code, found.stdout) == (4, "")
    assert "no finite numbers" in found.stderr
