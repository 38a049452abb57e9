"""A person's own model and labelled files, from the commands on down."""

import json
import shutil

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import cli
from detector.scoring.probe import LinearProbe
from detector.verdict.classifier import Classifier
from detector.verdict.features import LEXICAL_FEATURES, PROBE_FEATURES, REGISTER_SIZE
from detector.verdict.probe_model import ProbeModel
from tests.conftest import TRAINING_TEXT

WORDS = TRAINING_TEXT.split()


def prose(seed, machine, n_words=130):
    """Humans wander through the words; machines mostly take the word that comes next in the text."""
    rng = np.random.default_rng(seed)
    at, chosen = 0, []
    for _ in range(n_words):
        at = (at + 1) % len(WORDS) if machine and rng.random() < 0.7 else int(rng.integers(len(WORDS)))
        chosen.append(WORDS[at])
    return " ".join(chosen)


def write(path, first, pairs, flip=False):
    records = [
        {"text": prose(2 * (first + i) + machine, machine), "label": "machine" if machine != flip else "human",
         "pair_id": f"{first + i}", "domain": "harbour", "generator": "parrot" if machine else ""}
        for i in range(pairs)
        for machine in (False, True)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, records)))
    return path


@pytest.fixture(scope="module")
def trained(tiny_folder, tmp_path_factory):
    """The folder of a classifier made by ``detect train``."""
    folder = tmp_path_factory.mktemp("own")
    result = invoke("train", write(folder / "train.jsonl", 0, 160), "--out", folder / "own.json", model=tiny_folder)
    assert result.exit_code == 0, result.stderr
    return folder


def invoke(*args, model):
    return CliRunner().invoke(
        cli.app, [*map(str, args), "--model", str(model), "--device", "cpu", "--dtype", "float32"]
    )


def test_train_then_judge_and_evaluate(trained, tiny_folder):
    essays = []
    for i in range(20):
        essays.append(trained / f"{'machine' if i % 2 else 'human'}{i}.txt")
        essays[-1].write_text(prose(999_000 + i, machine=bool(i % 2)))
    options = ("--calibration", trained / "own.json", "--target-fpr", "0.1", "--json")
    result = invoke(*essays, *options, model=tiny_folder)
    assert result.exit_code == 0, result.stderr
    verdicts = [json.loads(line)["verdict"] for line in result.stdout.splitlines()]
    accused = [verdict in ("machine", "mixed") for verdict in verdicts]
    assert sum(accused[1::2]) > sum(accused[::2])

    dev = write(trained / "dev.jsonl", 5000, 60)
    judged = invoke(
        "evaluate", dev, "--calibration", trained / "own.json", "--json", "--png", trained / "q.png", model=tiny_folder
    )
    assert judged.exit_code == 0, judged.stderr
    groups = {(g["grouping"], g["group"]): g for g in json.loads(judged.stdout)["groups"]}
    assert groups["all", "all"]["auroc"]["value"] > 0.75
    assert groups["all", "all"]["n_human"] == groups["generator", "parrot"]["n_human"] == 60
    assert groups["dataset", "dev"]["auroc"]["low"] <= groups["dataset", "dev"]["auroc"]["value"]
    assert (trained / "q.png").read_bytes().startswith(b"\x89PNG")
    table = invoke("evaluate", dev, "--calibration", trained / "own.json", model=tiny_folder).stdout
    assert "by length" in table
    assert "parrot" in table


def test_the_card_says_what_it_is_made_of(trained):
    card = (trained / "own.md").read_text()
    for expected in ("train.jsonl", "| fit | human | train |", "smallest false-alarm rate", "coefficient"):
        assert expected in card
    fitted = Classifier.load(trained / "own.json")
    assert len(fitted.seen) == sum(
        fitted.data[r][s]["train"] for r in ("fit", "calibrate") for s in ("human", "machine")
    )
    assert fitted.voices_fingerprint is None


def test_calibrate_keeps_the_score_and_takes_new_references(trained, tiny_folder):
    more = write(trained / "more.jsonl", 9000, 60)
    out = trained / "recalibrated.json"
    result = invoke("calibrate", more, "--calibration", trained / "own.json", "--out", out, model=tiny_folder)
    assert result.exit_code == 0, result.stderr
    before, after = Classifier.load(trained / "own.json"), Classifier.load(out)
    assert after.coefficients == before.coefficients
    assert after.buckets != before.buckets
    assert set(before.seen) < set(after.seen)
    assert after.data["calibrate"]["human"] == {"more": 60}


def test_what_was_trained_on_does_not_evaluate(trained, tiny_folder):
    result = invoke("evaluate", trained / "train.jsonl", "--calibration", trained / "own.json", model=tiny_folder)
    assert result.exit_code == 3
    assert "were used to fit or calibrate this classifier" in result.stderr


def test_a_calibration_of_another_model_is_refused(trained, tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "other")
    settings = json.loads((tmp_path / "other" / "config.json").read_text())
    settings["rms_norm_eps"] = 0.01
    (tmp_path / "other" / "config.json").write_text(json.dumps(settings))
    dev = write(tmp_path / "dev.jsonl", 7000, 30)
    result = invoke("evaluate", dev, "--calibration", trained / "own.json", model=tmp_path / "other")
    assert result.exit_code == 4
    assert "belongs to the model" in result.stderr


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "No usable text"),
        ([("human", 1)] * 1, "20 of each are the least"),
        ([("human", seed) for seed in range(100)], "0 machine texts"),
        ([("human", 1), ("machine", 1)], "stand there as human and as machine"),
        ([("robot", 1)], "label is 'robot'"),
    ],
)
def test_bad_files_are_a_sentence_and_nothing_is_overwritten(lines, message, tiny_folder, tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join(json.dumps({"text": prose(seed, False), "label": label}) for label, seed in lines))
    (tmp_path / "out.json").write_text("precious")
    result = invoke("train", path, "--out", tmp_path / "out.json", model=tiny_folder)
    assert result.exit_code == 3
    assert message in result.stderr
    assert (tmp_path / "out.json").read_text() == "precious"


def test_labels_the_wrong_way_round_are_seen(trained, tiny_folder):
    flipped = write(trained / "flipped.jsonl", 20_000, 60, flip=True)
    out = trained / "flipped.json"
    result = invoke("calibrate", flipped, "--calibration", trained / "own.json", "--out", out, model=tiny_folder)
    assert result.exit_code == 3
    assert "wrong way round" in result.stderr
    assert not out.exists()


def test_evaluate_needs_files_or_shipped(tiny_folder):
    assert invoke("evaluate", model=tiny_folder).exit_code == 2


@pytest.fixture
def with_a_probe(monkeypatch):
    """A probe comes with the tool for every model there is."""
    layers = (1, 2)
    weights = torch.randn(1 + REGISTER_SIZE, 2, 32, generator=torch.Generator().manual_seed(1))
    probe_model = ProbeModel(LinearProbe(layers, weights, torch.zeros(1 + REGISTER_SIZE)))
    for room in ("training.own_data", "verdict.shipped"):
        monkeypatch.setattr(f"detector.{room}.shipped_probe", lambda fingerprint: probe_model)
    for room in ("feature_table", "pooled_states"):
        monkeypatch.setattr(f"detector.training.{room}.POOLED_LAYERS", layers)
    return probe_model


def test_a_model_with_a_probe_is_read_through_it(with_a_probe, tiny_folder, tmp_path):
    labelled, own = write(tmp_path / "train.jsonl", 0, 60), tmp_path / "own.json"
    made = invoke("train", labelled, "--out", own, model=tiny_folder)
    assert made.exit_code == 0, made.stderr
    classifier = Classifier.load(own)
    assert classifier.feature_names == [*(n for n in PROBE_FEATURES if n != "probe_units"), *LEXICAL_FEATURES]
    assert classifier.register is None  # too few texts to tell kinds
    assert ProbeModel.load(tmp_path / "own.safetensors").fingerprint == classifier.probe_fingerprint
    (tmp_path / "essay.txt").write_text(prose(1_000_001, machine=True))
    options = (tmp_path / "essay.txt", "--calibration", own, "--target-fpr", "0.1", "--json")
    judged = invoke(*options, model=tiny_folder)
    assert json.loads(judged.stdout)["score"] is not None, judged.stderr
    more = write(tmp_path / "more.jsonl", 500, 60)
    again = invoke("calibrate", more, "--calibration", own, "--out", tmp_path / "new.json", model=tiny_folder)
    assert again.exit_code == 0, again.stderr
    assert Classifier.load(tmp_path / "new.json").coefficients == classifier.coefficients
    (tmp_path / "own.safetensors").unlink()
    parted = invoke(*options, model=tiny_folder)
    assert parted.exit_code == 4
    assert "belongs beside its calibration" in parted.stderr


def test_what_became_of_the_texts_is_said_and_labels_may_be_spelt_otherwise(trained, tiny_folder, tmp_path):
    """60 pairs and 4 more texts that are left out, each for a reason of its own; 30 pairs are labelled 0 and 1."""
    path = write(tmp_path / "dev.jsonl", 20_000, 60)
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records[:60]:
        record["label"] = {"human": 0, "machine": 1}[record["label"]]
    for record in records[60:80]:
        record["label"] = {"human": "Human", "machine": "AI"}[record["label"]]
    odd = [
        {"text": "Too short.", "label": "ai"},
        {"text": prose(31, False), "label": "human", "language": "de"},
        {"text": "As an AI language model, " + prose(32, True), "label": "generated"},
        records[1] | {"pair_id": "again"},
    ]
    path.write_text("\n".join(map(json.dumps, [*records, *odd])))
    asked = ("evaluate", path, "--calibration", trained / "own.json", "--json")
    judged = invoke(*asked, model=tiny_folder)
    assert judged.exit_code == 0, judged.stderr
    texts = json.loads(judged.stdout)["texts"]
    assert texts["read"] == {"human": 61, "machine": 63}
    assert texts["left_out"] == {
        "have under 40 words": 1,
        "are not in English": 1,
        "hold what a chat model says around a text, such as a refusal or a preface": 1,
        "begin like another of the same label": 1,
    }
    assert texts["used"] == {"evaluate": {"human": 60, "machine": 60}}
    assert "124 texts were read: 61 human and 63 machine." in judged.stderr
    assert "0 was taken as human, 1 was taken as machine, ai was taken as machine" in judged.stderr
    assert "Used to evaluate: 60 human and 60 machine." in judged.stderr


def test_the_card_says_what_became_of_the_texts(trained):
    card = (trained / "own.md").read_text()
    assert "320 texts were read: 160 human and 160 machine." in card
    assert "Used to fit: " in card
    assert "Cut: " in card


def test_an_unknown_label_lists_the_known(tmp_path, tiny_folder):
    (tmp_path / "x.jsonl").write_text(json.dumps({"text": prose(1, False), "label": 2}))
    done = invoke("train", tmp_path / "x.jsonl", "--out", tmp_path / "o.json", model=tiny_folder)
    assert done.exit_code == 3
    assert "line 1: label is 2; allowed: human, 0, human-written, machine, 1, ai" in done.stderr
