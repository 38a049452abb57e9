"""Calibration files of strangers: every field changed in every way, and always one sentence."""

import copy
import json
import math
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from detector import CalibrationError
from detector.records.references import Kind, LengthBucket
from detector.scoring.probe import LinearProbe
from detector.verdict import calibration_checks as checks
from detector.verdict.calibration_checks import check_calibration, reach
from detector.verdict.classifier import Classifier
from detector.verdict.features import FEATURE_NAMES, REGISTER_SIZE
from detector.verdict.lexical import LexicalModel
from detector.verdict.neighbours import Neighbours
from detector.verdict.probe_model import ProbeModel
from detector.verdict.raw_models import RawModelRule
from detector.verdict.register import Register
from detector.verdict.segments import EvidenceWeights
from detector.verdict.shipped import shipped_calibrations
from tests.conftest import make_classifier


def register(**given):
    n = REGISTER_SIZE
    values = {
        "means": [0.0] * n, "scales": [1.0] * n, "expected_weights": [0.1] * n, "expected_intercept": -0.5,
        "spread_weights": [0.0] * n, "spread_intercept": 0.0, "spread_limits": [-0.5, 0.5], "centres": [],
    }  # fmt: skip
    return Register(**values | given)


@pytest.fixture(scope="module")
def whole(tiny):
    """A record in which every field is there."""
    plain = make_classifier(tiny)
    centres = [[0.0] * REGISTER_SIZE, [1.0] * REGISTER_SIZE]
    filled = Classifier(
        **{f.name: getattr(plain, f.name) for f in fields(plain)}
        | {
            "ranges": {"mean_surprisal": [0.0, 9.0], "mean_entropy": [0.0, 9.0]},
            "buckets": [
                LengthBucket(
                    n,
                    [-3.0, 0.0, 1.0],
                    [0.0, 5.0],
                    [0.0, 1.0, 2.0],
                    [0.5, 3.0],
                    human_standings=[[-1.0, 0.5, 2.0], [-2.0, 0.0, 1.0]],
                )
                for n in (50, 200)
            ],
            "evidence": EvidenceWeights(0.1, 0.1, 0.1, 0.1, border_penalty=4.0, probe=0.2, register=register()),
            "probe_fingerprint": "a" * 16,
            "register": register(centres=centres),
            "second_register": register(is_second=True),
            "raw_models": RawModelRule(register(), 1.5),
            "neighbours": Neighbours([[0.0] * 2 * REGISTER_SIZE] * 5, [0.0] * 5, 5, 2.0, [2, 4]),
            "kinds": [Kind([-2.0, 0.0], [0.0, 1.0]), Kind([-1.0, 1.0], [0.0, 2.0])],
            "number_formats": {"float32": plain.model_fingerprint},
            "machine_sentence_bits": [3.0, 5.0, 7.0],
            "data": {"fit": {"human": {"a": 3}, "machine": {"a": 2}}},
            "seen": ["0123456789ab"],
        }
    )
    record = json.loads(json.dumps(filled, default=vars))
    check_calibration(record)
    return record


def places(value, path=()):
    """Every place in a record, of lists the first and the last entry."""
    yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*path, name))
    elif isinstance(value, list):
        for i in sorted({0, len(value) - 1}) if value else ():
            yield from places(value[i], (*path, i))


def at(record, path):
    for step in path:
        record = record[step]
    return record


def changed(record, path, value):
    """A copy with another value there; what does not lie on the way is shared."""
    if not path:
        return value
    other = copy.copy(record)
    other[path[0]] = changed(record[path[0]], path[1:], value)
    return other


def without(record, path):
    """A copy without an entry of an object."""
    holder = dict(at(record, path[:-1]))
    del holder[path[-1]]
    return changed(record, path[:-1], holder)


def nested(depth):
    return "[" * depth + "]" * depth


WRONG_TYPES = [True, [], {}, "x", "", 1.5, [[1]], {"a": 1}, [None]]
WRONG_NUMBERS = [math.nan, math.inf, -math.inf, 1e300, -1e300, 10**30]


def refusal(content, folder):
    """The sentence with which a file is refused."""
    path = folder / "c.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(CalibrationError) as refused:
        Classifier.load(path)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert len(sentence) < 600
    return sentence.replace(str(folder), "")


def complaint(record):
    """What is wrong with a record, before the name of its file is known."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it says is what this returns
        check_calibration(record)
    assert type(refused.value) is ValueError
    assert len(str(refused.value)) < 300
    return str(refused.value)


def kind_of(value):
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def test_every_field_of_every_other_type_is_refused(whole):
    for path in places(whole):
        old, may_be_none = at(whole, path), str(path[-1:]).endswith("_fingerprint',)")
        for new in WRONG_TYPES:
            if kind_of(new) != kind_of(old) and not (may_be_none and new == "x"):
                complaint(changed(whole, path, new))


def test_every_number_that_is_none_or_beyond_reason_is_refused_by_its_place(whole):
    numbers = [path for path in places(whole) if kind_of(at(whole, path)) == "number"]
    assert len(numbers) > 80
    for path in numbers:
        named = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, path)))
        for new in WRONG_NUMBERS:
            assert complaint(changed(whole, path, new)).startswith(f"{named} is ")


def test_a_complaint_becomes_a_sentence_with_the_file_and_the_remedy(whole, tmp_path):
    sentence = refusal(changed(whole, ("scales", 0), math.nan), tmp_path)
    assert sentence == (
        "/c.json is not a calibration file: scales[0] is nan; it must be a number from 1e-09 to 1e+09. "
        "Copy it again, or make it again with: detect calibrate"
    )


@pytest.mark.parametrize("field", ["scales", "probability_slope", "most_tokens"])
@pytest.mark.parametrize("value", [0, -1.0, -0.5])
def test_what_must_be_positive(whole, field, value):
    assert field in complaint(whole | {field: [value] * len(whole[field]) if field == "scales" else value})


def test_references_out_of_order_are_refused(whole):
    found = 0
    for path in places(whole):
        value, name = at(whole, path), ".".join(map(str, path))
        is_sorted = re.search("scores|strongest|bits|limits|ranges|standings.[01]$|sizes", name) and path[:2] != (
            "neighbours",
            "scores",
        )
        if isinstance(value, list) and len(value) > 1 and is_sorted:
            assert "is not in rising order" in complaint(changed(whole, path, value[::-1])), path
            found += 1
    assert found > 15


OFTEN_EMPTY = ("seen", "kinds", "human_sentence_bits", "machine_sentence_bits")
"""Lists that may be empty: then nothing is known to have been seen, like length decides, a picture has no band."""


def test_lists_of_another_length_are_refused(whole):
    for path in places(whole):
        old = at(whole, path)
        if not isinstance(old, list) or not old or path in (("seen",), ("buckets",)):
            continue
        for new in ([], old[:-1], [*old, old[-1]]):
            if not (path[-1] in OFTEN_EMPTY and new == []):
                complaint(changed(whole, path, new))


def test_no_buckets_are_refused(whole, tmp_path):
    assert "no reference texts from 50 tokens on" in refusal(whole | {"buckets": []}, tmp_path)
    assert "no reference texts from 50 tokens on" in refusal(whole | {"buckets": whole["buckets"][1:]}, tmp_path)


MAY_BE_MISSING = {
    "raw_models", "number_formats", "machine_sentence_bits", "seen", "kinds", "centres", "probe", "levels", "extent",
    "neighbours", "second_register",
    "parts_fingerprint", "human_mixture", "machine_contrast", "human_distances", "human_standings", "source_distances",
}  # fmt: skip


def test_every_field_that_is_missing_or_unknown_is_named(whole):
    for path in places(whole):
        inside = at(whole, path)
        if not isinstance(inside, dict) or path[:1] in (
            ("data",),
            ("ranges",),
            ("number_formats",),
            ("source_distances",),
        ):
            continue
        assert "unheard_of is not known to this version" in complaint(changed(whole, path, inside | {"unheard_of": 1}))
        for name in inside:
            may_be_missing = name in MAY_BE_MISSING or (*path, name) == ("evidence", "register")
            may_be_missing &= path != ("second_register",)
            may_be_missing |= name == "is_second" and path != ("second_register",)
            if not may_be_missing and (*path, name) not in (("register",), ("probe_fingerprint",)):
                assert f"{name} is missing" in complaint(without(whole, (*path, name)))


def test_a_register_without_a_probe_is_refused(whole, tmp_path):
    assert "uses a probe and does not say which" in refusal(without(whole, ("probe_fingerprint",)), tmp_path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (nested(100_000), "nested too deeply"),
        ('{"schema_version": 4, "means": ' + nested(100_000) + "}", "nested too deeply"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "nested too deeply"),
        ("[1, 2", "not a calibration file"),
        ('{"schema_version": ' + "9" * 5000 + "}", "not a calibration file"),
        ("null", "an object"),
        ("\ufeff{}", "not a calibration file"),
    ],
)
def test_files_that_are_no_record(content, why, tmp_path):
    assert why in refusal(content, tmp_path)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "c.json").write_bytes(b'{"schema_version": 4, "model_name": "\xff\xfe\xfa"}')
    with pytest.raises(CalibrationError, match="not in UTF-8"):
        Classifier.load(tmp_path / "c.json")
    with pytest.raises(CalibrationError, match="cannot be read"):
        Classifier.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"intercept": 1e6}, "no text could score below"),
        ({"intercept": -1e6, "raw_models": None}, "no text could score above"),
        ({"means": "far"}, "and texts were seen from 0 to 9"),
        ({"model_fingerprint": "f" * 16}, "none of those in number_formats"),
        ({"feature_names": "twice"}, "holds an entry twice"),
        ({"feature_names": "unheard"}, "does not compute"),
        ({"register": None, "kinds": []}, "second_register is given and register is not; one needs the other"),
        ({"kinds": []}, "neighbours are given and kinds are not; one needs the other"),
        ({"neighbours": None}, "human_standings is given and neighbours are not; one needs the other"),
        ({"neighbours": vars(Neighbours([[0.0] * 2 * REGISTER_SIZE] * 5, [0.0] * 5, 5, 2.0, [4, 2]))}, "rising order"),
        ({"neighbours": vars(Neighbours([[0.0] * 2 * REGISTER_SIZE] * 5, [0.0] * 5, 5, 2.0, [2]))}, "a list of 1"),
        ({"second_register": None}, f"a list of {REGISTER_SIZE}, as many as the registers have"),
        ({"number_formats": {"int3": "f"}}, "float32, bfloat16, float16"),
        ({"register": vars(register(is_second=True))}, "register.is_second"),
        ({"second_register": vars(register())}, "second_register.is_second"),
        ({"second_register": vars(register(is_second=True, centres=[[0.0] * REGISTER_SIZE]))}, "a list of 0"),
        ({"raw_models": {"register": vars(register(is_second=True)), "handicap": 1.5}}, "register.is_second"),
    ],
)
def test_fields_that_contradict_each_other(whole, change, why):
    n, names = len(whole["means"]), whole["feature_names"]
    made = {"far": [1e6] * n, "twice": [names[0]] * n, "unheard": ["unheard", *names[1:]]}
    change = {name: made.get(value, value) if isinstance(value, str) else value for name, value in change.items()}
    assert why in complaint(whole | change)


def test_the_reach_of_a_score_by_hand():
    """Clipped at 8 standard deviations: 1 +- 8 (2 + 1); and relative to -0.5 +- 3 * 1.2, over e^-0.5 to e^0.5."""
    plain = {"intercept": 1.0, "coefficients": [2.0, -1.0]}
    assert reach(plain) == (-23, 25)
    relative = plain | {"register": vars(register())}
    low, high = reach(relative)
    assert low == pytest.approx((-23 + 0.5 - 3 * 0.1 * REGISTER_SIZE) / math.exp(-0.5))
    assert high == pytest.approx((25 + 0.5 + 3 * 0.1 * REGISTER_SIZE) / math.exp(-0.5))
    assert reach(relative | {"raw_models": {}})[1] == math.inf
    # Of two registers the smaller score counts, so that neither end can be above that of either.
    nearer, further = (vars(register(expected_intercept=value)) for value in (-0.5, 3.0))
    assert reach(plain | {"register": nearer, "second_register": further}) == reach(plain | {"register": further})


@pytest.mark.parametrize(
    ("table", "made"),
    [
        (checks.CLASSIFIER_FIELDS, Classifier),
        (checks.REGISTER_FIELDS, Register),
        (checks.EVIDENCE_FIELDS, EvidenceWeights),
        (checks.KIND_FIELDS, Kind),
        (checks.BUCKET_FIELDS, LengthBucket),
        (checks.RAW_MODEL_FIELDS, RawModelRule),
        (checks.NEIGHBOUR_FIELDS, Neighbours),
    ],
)
def test_the_table_knows_every_field(table, made):
    assert set(table) == {field.name for field in fields(made)}


def test_what_is_shipped_passes():
    for path in shipped_calibrations():
        check_calibration(json.loads(path.read_text()))


def test_what_could_not_be_read_is_not_written(tiny, tmp_path):
    from dataclasses import replace

    path = tmp_path / "c.json"
    with pytest.raises(CalibrationError, match=r"scales\[0\] is 0"):
        replace(make_classifier(tiny), scales=[0.0] * len(make_classifier(tiny).scales)).save(path)
    assert not path.exists()


def test_no_number_that_passes_makes_a_verdict_of_nan(whole, monkeypatch):
    """The widest numbers that are let in, one after the other: whatever the features, score and p are numbers."""
    features, tried = np.full(len(FEATURE_NAMES), 3.0), 0
    for path in places(whole):
        for value in (1e9, -1e9, 1e-9) if kind_of(at(whole, path)) == "number" else ():
            record = changed(whole, path, value)
            monkeypatch.setattr("detector.verdict.classifier.read_json", lambda _, record=record: record)
            try:
                found = Classifier.load(Path("c.json"))
            except CalibrationError:
                continue
            tried += 1
            score, kind = found.score(features), found.kind_of(features)
            assert math.isfinite(score), (path, value)
            assert 0 <= found.probability_machine(score) <= 1
            assert 0 < found.p_value(score, 60, kind, found.standings(score, features)) <= 1
            assert 0 < found.human_p_value(score, 60) <= 1
            assert math.isfinite(float(found.contributions(features).sum()))
    assert tried > 50


def probe_of(weights, bias=None, layers=(0, 1)):
    return LinearProbe(layers, weights, torch.zeros(len(weights)) if bias is None else bias)


PROBES = {
    "nan": ({"weights": torch.full((13, 2, 4), torch.nan)}, "[0, 1]", "finite"),
    "complex": ({"weights": torch.zeros(13, 2, 4, dtype=torch.complex64)}, "[0, 1]", "float"),
    "whole numbers": ({"weights": torch.zeros(13, 2, 4, dtype=torch.int32)}, "[0, 1]", "float"),
    "flat": ({"weights": torch.zeros(13)}, "[0, 1]", "weights"),
    "bias": ({"bias": torch.zeros(12)}, "[0, 1]", "bias"),
    "width": ({"weights": torch.zeros(3, 2, 4), "bias": torch.zeros(3)}, "[0, 1]", "3 numbers a token"),
    "no width": ({"weights": torch.zeros(0, 2, 4), "bias": torch.zeros(0)}, "[0, 1]", "0 numbers a token"),
    "digits": ({}, '"01"', "layers"),
    "negative": ({}, "[-1, 0]", "layers"),
    "booleans": ({}, "[true, false]", "layers"),
    "fractions": ({}, "[0.5, 1]", "layers"),
    "deep": ({}, "[" * 50_000 + "]" * 50_000, "layers"),
    "too few layers": ({}, "[0]", "1 layers"),
    "no layers": ({}, None, "layers"),
}


@pytest.mark.parametrize(("tensors", "layers", "why"), PROBES.values(), ids=PROBES)
def test_tampered_probes(tensors, layers, why, tmp_path):
    path = tmp_path / "probe.safetensors"
    whole = {"weights": torch.zeros(13, 2, 4), "bias": torch.zeros(13)}
    save_file(whole | tensors, path, metadata=None if layers is None else {"layers": layers})
    with pytest.raises(CalibrationError, match=why):
        ProbeModel.load(path)
    save_file(whole, path, metadata={"layers": "[0, 1]"})
    assert ProbeModel.load(path).probe.layers == (0, 1)


def test_a_probe_for_another_model_is_refused(tiny):
    fits = ProbeModel(probe_of(torch.zeros(1 + REGISTER_SIZE, 2, tiny.hidden_size), layers=(0, 2)))
    fits.check_fits(tiny.name, tiny.hidden_size, n_layers=2)
    for other, why in (
        (probe_of(torch.zeros(1 + REGISTER_SIZE, 2, 7)), "7 numbers wide"),
        (probe_of(torch.zeros(1 + REGISTER_SIZE, 2, tiny.hidden_size), layers=(0, 3)), "layer 3"),
    ):
        with pytest.raises(CalibrationError, match=why):
            ProbeModel(other).check_fits(tiny.name, tiny.hidden_size, n_layers=2)


WORDS = {
    "nan": (torch.full((8,), torch.nan), "0.5", "not all finite"),
    "empty": (torch.zeros(0), "0.5", "0"),
    "square": (torch.zeros(2, 2), "0.5", "2, 2"),
    "complex": (torch.zeros(8, dtype=torch.complex64), "0.5", "float"),
    "whole numbers": (torch.zeros(8, dtype=torch.int64), "0.5", "float"),
    "bfloat16": (torch.zeros(8, dtype=torch.bfloat16), "0.5", "float"),
    "intercept nan": (torch.zeros(8), "nan", "intercept"),
    "intercept inf": (torch.zeros(8), "inf", "intercept"),
    "intercept none": (torch.zeros(8), None, "intercept"),
    "intercept word": (torch.zeros(8), "much", "much"),
}


@pytest.mark.parametrize(("weights", "intercept", "why"), WORDS.values(), ids=WORDS)
def test_tampered_word_weights(weights, intercept, why, tmp_path):
    path = tmp_path / "lexical.safetensors"
    save_file({"weights": weights}, path, metadata=None if intercept is None else {"intercept": intercept})
    with pytest.raises(CalibrationError, match=why):
        LexicalModel.load(path)
    save_file({"weights": torch.zeros(8)}, path, metadata={"intercept": "0.5"})
    assert LexicalModel.load(path).intercept == 0.5


@pytest.mark.parametrize("load", [ProbeModel.load, LexicalModel.load])
@pytest.mark.parametrize("content", [None, b"", b"\xff" * 300, b"\x10\0\0\0\0\0\0\0" + b"[" * 16])
def test_files_that_are_no_tensors(load, content, tmp_path):
    path = Path(tmp_path / "tensors.safetensors")
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(CalibrationError):
        load(path)
