"""Two texts side by side."""

import json

from tests.commands.conftest import LONG


def test_compare_shows_both_texts_and_draws_them(run, essay, tmp_path):
    other, picture = tmp_path / "other.txt", tmp_path / "both.png"
    other.write_text("The boats were gone, and the boats were gone, and the boats were gone.")
    result = run("compare", essay, other, "--png", picture, calibrated=False)
    assert result.exit_code == 0
    assert "essay.txt" in result.stdout
    assert "other.txt" in result.stdout
    (likelihood,) = [line.split() for line in result.stdout.splitlines() if line.startswith("log_likelihood")]
    left, right, more = likelihood[1:]
    assert more == ("essay.txt" if float(left) > float(right) else "other.txt")
    assert picture.read_bytes().startswith(b"\x89PNG")
    record = json.loads(run("compare", essay, other, "--json", calibrated=False).stdout)
    left, right = record["texts"]
    assert left["n_tokens"] > right["n_tokens"] > 0
    assert "other.txt has" in result.stderr
    assert "essay.txt has" not in result.stderr
    assert "no verdicts, only statistics" in result.stderr
    assert left["verdict"] is None
    assert run("compare", essay, other, "-q", calibrated=False).stderr == ""
    assert left["methods"]["log_likelihood"] != right["methods"]["log_likelihood"]
    other.write_text(essay.read_text().replace("e", "\u0435"), encoding="utf-8")
    same = run("compare", essay, other, "--json", calibrated=False)
    left, right = json.loads(same.stdout)["texts"]
    assert left["methods"] == right["methods"]
    assert "other.txt is disguised" in same.stderr
    other.write_text(" \n")
    empty = run("compare", essay, other, calibrated=False)
    assert empty.exit_code == 3
    assert "other.txt is empty" in empty.stderr


def test_compare_gives_the_verdicts_and_the_numbers_of_detect(run, essay, tmp_path):
    other = tmp_path / "folder" / "essay.txt"
    other.parent.mkdir()
    other.write_text(LONG.replace(" ", "\u00a0\n", 9).replace("'", "\u2019"))  # folding undoes it
    record = json.loads(run("compare", essay, other, "--json").stdout)
    for path, compared in zip((essay, other), record["texts"], strict=True):
        judged = json.loads(run(path, "--json").stdout)
        assert compared.pop("disguises_undone") == {}
        assert {name: judged[name] for name in compared} == compared
    shown = run("compare", essay, other).stdout
    assert f"{essay}: " in shown
    assert f"{other}: " in shown
    assert "how sure  Of 1,000" in shown
    assert "folder/essay.txt" in shown.split("statistic")[1]


def test_compare_reads_standard_input_once(run):
    result = run("compare", "-", "-", calibrated=False)
    assert result.exit_code == 2
    assert "standard input can be only one of the two" in result.stderr
