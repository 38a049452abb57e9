"""``python -m detector.training`` as a person uses it on text files of their own, in another language."""

import json
import sys

import pytest

from detector import LanguageModel, score_texts
from detector.training.__main__ import main

SENTENCES = [
    "Der alte Mann ging langsam zum Hafen, und die Boote waren fort.",
    "Morgens hatte er sie gez\u00e4hlt: sieben, acht mit dem blauen.",
    "Im Jahr 1984 waren es zwanzig gewesen, und niemand hatte gefragt, wohin sie fuhren.",
    "Was macht man mit einem Hafen ohne Boote? Man geht trotzdem hin.",
    "Es ist nicht weit, und der Hund mag den Geruch der Taue.",
]


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["detector.training", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "texte"
    folder.mkdir()
    for name in range(4):
        lines = [SENTENCES[(i * i + name) % 5] + (" " if i % 7 else "\n\n") for i in range(2500)]
        (folder / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
    return folder


def test_from_text_files_to_a_model_that_scores(corpus, tmp_path, monkeypatch, capsys):
    work, base, out = tmp_path / "work", tmp_path / "run", tmp_path / "model"
    assert run(monkeypatch, "prepare", corpus, "--work", work, "--vocabulary", "400") == 0
    assert "validation: " in capsys.readouterr().err
    small = [
        f"--set={setting}"
        for setting in (
            "vocabulary=400", "width=32", "layers=1", "heads=2", "mlp_width=64", "context=64", "short_row=32",
            "tokens_per_step=512", "stream_tokens=50000", "warmup_steps=2",
        )
    ]  # fmt: skip
    train = ["train", "--work", work, "--run", base, "--tokens", 512 * 60, *small]
    assert run(monkeypatch, *train) == 0
    assert run(monkeypatch, *train) == 0
    assert "continuing at step 60" in capsys.readouterr().err
    about = tmp_path / "about.md"
    about.write_text("Deutsch, von einem Hafen.")
    assert run(monkeypatch, "export", corpus, "--work", work, "--run", base, "--out", out, "--about", about) == 0
    facts = json.loads((out / "training_facts.json").read_text())
    assert facts["bits_per_byte"]["text"] < 3.0  # a byte at random has 8
    assert "Deutsch, von einem Hafen." in (out / "README.md").read_text()
    (scores,) = score_texts(LanguageModel.load(out), [SENTENCES[0]])
    assert scores.surprisal_bits.mean() < 6  # a token at random has 8.6


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["prepare", "none", "--work", "w"], 3, "No corpus in none"),
        (["train", "--work", "none", "--run", "r"], 3, "run the command before this one"),
        (["train", "--work", "none", "--run", "r", "--set", "widht=3"], 2, "Unknown setting 'widht'"),
        (["export", "none", "--work", "w", "--run", "r", "--out", "o"], 4, "r holds no checkpoint"),
    ],
)
def test_what_is_missing_is_said(arguments, code, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *arguments) == code
    assert message in capsys.readouterr().err


def test_too_little_text_is_a_sentence(tmp_path, monkeypatch, capsys):
    (tmp_path / "one.txt").write_text("Zu wenig Text.")
    work = tmp_path / "work"
    assert run(monkeypatch, "prepare", tmp_path, "--work", work, "--vocabulary", "300") == 0
    settings = ["--set=vocabulary=300", "--set=context=64", "--set=short_row=32"]
    assert run(monkeypatch, "train", "--work", work, "--run", tmp_path / "run", *settings) == 3
    assert "too little validation text" in capsys.readouterr().err
