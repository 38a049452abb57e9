"""A mark is found by its key, and what cannot be tested for is said."""

import json

import pytest
from typer.testing import CliRunner

import cli


def test_the_help_lists_the_schemes_that_the_message_does(run, essay):
    from detector.watermark import SCHEMES

    listed = ", ".join(SCHEMES)
    for command in ("generate", "watermark"):
        assert listed in " ".join(CliRunner().invoke(cli.app, [command, "--help"]).stdout.split())
    refused = CliRunner().invoke(cli.app, ["watermark", str(essay), "--key", "3", "--scheme", "righthash"])
    assert refused.exit_code == 2
    assert f"Allowed: {listed}." in refused.stderr


def test_a_generated_mark_is_found_by_its_key(tmp_path):
    """With the embedded model: a tiny random one writes bytes that are no text, and are read back otherwise."""
    scheme = ["--watermark-scheme", "lefthash", "--watermark-gamma", "0.5", "--watermark-bias", "6"]
    marking = [
        "generate",
        "--model",
        "small",
        "--prompt",
        "The old man",
        "--max-tokens",
        "80",
        "--watermark-key",
        "77",
        *scheme,
    ]
    path = tmp_path / "marked.txt"
    path.write_text(CliRunner().invoke(cli.app, marking, catch_exceptions=False).stdout.strip())

    def tested(*arguments):
        command = ["watermark", str(path), "--model", "small", "--scheme", "lefthash", "--gamma", "0.5", *arguments]
        return CliRunner().invoke(cli.app, command, catch_exceptions=False)

    record, other = (json.loads(tested("--key", key, "--json").stdout) for key in ("77", "78"))
    assert record["p_value"] < 1e-4 < 1e-2 < other["p_value"]
    assert 0 <= record["window"]["start_char"] < record["window"]["end_char"] <= len(path.read_text())
    assert "of unmarked texts" in tested("--key", "77").stdout
    path.write_text("\u200b".join(path.read_text()), encoding="utf-8")
    disguised = tested("--key", "77", "--json")
    assert json.loads(disguised.stdout)["z"] == record["z"]
    assert "marked.txt is disguised" in disguised.stderr
    assert json.loads(tested("--key", "77", "--as-given", "--json").stdout)["z"] < record["z"] / 2
    missing = tested()
    assert missing.exit_code == 2
    assert "give it as --key" in missing.stderr
    assert (record["sign"], other["sign"], record["reason"]) == ("strong", "none", None)
    assert tested("--key", "77").stdout.splitlines()[-1] == record["explanation"]


@pytest.fixture
def tested(tiny_folder, essay):
    """``tested("--key", 3)`` on the essay or on standard input, with the tiny model."""

    def invoke(*arguments, path=essay, data=None):
        command = ["watermark", *map(str, [path, *arguments]), "--model", str(tiny_folder)]
        return CliRunner().invoke(cli.app, command, input=data, catch_exceptions=False)

    return invoke


def test_synthid_keys_are_tested_for(tested):
    synthid = json.loads(tested("--synthid-keys", "3,4,5", "--json").stdout)
    assert 0.01 < synthid["mean_p_value"] <= 1
    assert (synthid["sign"], synthid["reason"]) == ("none", None)
    plain = tested("--synthid-keys", "3,4,5").stdout
    assert "weighted mean" in plain
    assert plain.splitlines()[-1].startswith("No sign of this mark: ")


@pytest.mark.parametrize("mark", [("--key", 77), ("--synthid-keys", "3,4,5")])
@pytest.mark.parametrize(
    ("text", "reason", "sentence"),
    [
        ("", "empty", "The text is empty."),
        (" \n\t", "empty", "The text is empty."),
        ("The old", "too_short", "Too few"),
    ],
)
def test_too_little_text_is_not_tested(tested, mark, text, reason, sentence):
    result = tested(*mark, "--json", path="-", data=text)
    record = json.loads(result.stdout)
    assert result.exit_code == 3
    assert record["reason"] == reason
    assert record["sign"] is None
    assert record["explanation"].startswith(sentence)
    assert result.stderr == f"detect: standard input was not tested: {record['explanation']}\n"
    plain = tested(*mark, "--quiet", path="-", data=text)
    assert (plain.exit_code, plain.stdout, plain.stderr) == (3, "", result.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--key", 10**23), "it must be a whole number from 1 to 9223372036854775807"),
        (("--key", -1), "watermark key is -1"),
        (("--synthid-keys", f"3,{10**23}"), "it must be a whole number from 1 to 9223372036854775807"),
        (("--synthid-keys", "3,-4"), "is -4"),
        (("--synthid-keys", "3"), "only one was given"),
        (("--synthid-keys", "3,3"), "key 3 was given twice"),
        (("--synthid-keys", "3,x"), "no list of whole numbers"),
        (("--synthid-keys", "3,4", "--key", 5), "one of the two"),
        (("--synthid-keys", "3,4", "--scheme", "selfhash", "--gamma", 0.25), "so --gamma and --scheme would"),
        (("--key", 5, "--ngram-length", 5), "so --ngram-length would"),
        ((), "give it as --key"),
    ],
)
def test_impossible_watermark_tests_are_a_sentence(tested, arguments, message):
    result = tested(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
