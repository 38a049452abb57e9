"""What the next token is drawn from, and the drawing of texts."""

import json

import pytest
from typer.testing import CliRunner

import cli
from tests.commands.conftest import LONG


def test_generate_streams_the_text_it_draws(run):
    arguments = ("generate", "--prompt", "The old man", "--max-tokens", 12, "--seed", 3)
    plain = run(*arguments, calibrated=False)
    (record,) = map(json.loads, run(*arguments, "--json", calibrated=False).stdout.splitlines())
    assert plain.exit_code == 0
    assert plain.stdout == "The old man" + record["text"] + "\n"
    assert len(record["token_ids"]) == 12
    assert run(*arguments, "--no-cache", calibrated=False).stdout == plain.stdout
    several = run(*arguments, "--n", 3, "--json", calibrated=False).stdout.splitlines()
    assert json.loads(several[0])["token_ids"] == record["token_ids"]
    assert len({tuple(json.loads(line)["token_ids"]) for line in several}) == 3
    full = run("generate", "--max-tokens", 99, "--seed", 4, "--top-k", 5, calibrated=False)
    assert "The text fills the 32 tokens" in full.stderr


def test_next_shows_the_sorted_distribution_and_what_the_cuts_keep(run, tmp_path):
    plain = run("next", "The old man", "--top", 5, "--top-k", 3, calibrated=False)
    assert plain.exit_code == 0
    assert "top-k keeps 3 of 400 tokens" in plain.stdout
    record = json.loads(run("next", "The old man", "--top", 400, "--top-k", 3, "--json", calibrated=False).stdout)
    own = [token["probability"] for token in record["tokens"]]
    after = [token["probability_after_settings"] for token in record["tokens"]]
    assert own == sorted(own, reverse=True)
    assert sum(own) == pytest.approx(1)
    assert [p > 0 for p in after] == [True] * 3 + [False] * 397
    assert after[0] == pytest.approx(own[0] / sum(own[:3]))
    picture = tmp_path / "next.png"
    assert run("next", "The old man", "--top-p", 0.5, "--png", picture, calibrated=False).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("generate", "--temperature", 0), "temperature is 0"),
        (("generate", "--top-k", 0), "top-k is 0"),
        (("generate", "--top-p", 2), "top-p is 2"),
        (("generate", "--max-tokens", 0), "tokens to draw is 0"),
        (("next", "a", "--png", "x.gif"), "is neither"),
        (("next", "a", "--penalty-form", "x"), "Unknown penalty form 'x'"),
        (("generate", "--prompt", "a", "--seed", -1), "seed is -1"),
        (("generate", "--prompt", "a", "--stop", ""), "stop string is empty"),
        (("generate", "--prompt", "a", "--temperature", "inf"), "finite number above 0"),
        (("generate", "--prompt", "a", "--presence-penalty", "nan"), "presence penalty is nan; it must be a finite"),
        (("generate", "--prompt", "a", "--frequency-penalty", "inf"), "frequency penalty is inf; it must be a finite"),
        (("generate", "--prompt", "a", "--watermark-key", -3), "watermark key is -3"),
        (("generate", "--prompt", "a", "--watermark-key", 10**23), "from 1 to 9223372036854775807"),
        (("generate", "--prompt", "a", "--watermark-key", 3, "--watermark-bias", "nan"), "bias is nan; it must be"),
        (("generate", "--prompt", "a", "--watermark-key", 3, "--watermark-bias", "inf"), "finite number from 0"),
        (("generate", "--prompt", "a", "--watermark-key", 3, "--watermark-bias", -1), "bias is -1"),
    ],
)
def test_impossible_sampling_is_a_sentence_and_nothing_is_shown_before_it(run, arguments, message):
    result = run(*arguments, calibrated=False)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_greedy_is_recommended_only_where_there_is_such_an_option(run):
    assert "give --greedy" in run("generate", "--temperature", 0, calibrated=False).stderr
    assert "greedy" not in run("next", "a", "--temperature", 0, calibrated=False).stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("generate", "--greedy", "--temperature", 1), "so --temperature would have no effect"),
        (("generate", "--greedy", "--top-k", 5, "--top-p", 1), "so --top-k and --top-p would have no effect"),
        (("generate", "--watermark-scheme", "selfhash"), "no --watermark-key and the text is not marked, so"),
        (("generate", "--watermark-gamma", 0.25, "--watermark-bias", 2), "--watermark-gamma and --watermark-bias"),
    ],
)
def test_options_that_would_be_ignored_are_refused(run, arguments, message):
    result = run(*arguments, calibrated=False)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_a_prompt_longer_than_the_context_is_a_sentence(run):
    result = run("generate", "--prompt", LONG, calibrated=False)
    assert result.exit_code == 3
    assert "reads 32 at once" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", [("generate", "--max-tokens", "2", "--prompt", "-"), ("next", "-", "-q")])
def test_a_prompt_on_standard_input_is_read_as_a_file_is(tiny_folder, command):
    def fed(data):
        arguments = [*command, "--json", "--model", str(tiny_folder), "--device", "cpu", "--dtype", "float32"]
        return CliRunner().invoke(cli.app, arguments, input=data, catch_exceptions=False)

    for end in (b"", b"\n", b"\r\n"):
        assert json.loads(fed(b"The old man" + end).stdout)["prompt"] == "The old man"
    assert json.loads(fed(b"The old man\n\n").stdout)["prompt"] == "The old man\n"
    for data, sentence in ((b"\x89PNG\r\n", "is a PNG picture"), (b"a\x00b", "holds NUL bytes")):
        refused = fed(data)
        assert refused.exit_code == 3
        assert f"standard input {sentence}" in refused.stderr
        assert refused.stdout == ""
