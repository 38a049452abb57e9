from dataclasses import fields
from typing import get_args

import pyarrow as pa

from detector.corpus.frames import COLUMNS
from detector.corpus.schema import results_schema
from detector.records.fields import told_fields
from detector.records.result import Finding, Result, Segment
from detector.records.verdicts import ACCUSED, VERDICTS, Verdict
from detector.web.openapi import RESULT

CONTRACT = {
    "schema_version", "id", "path", "verdict", "reason", "score", "probability_machine", "p_value",
    "confidence_interval", "n_words", "n_tokens", "language", "log_likelihood", "methods", "share_machine",
    "share_human", "share_undecided", "segments", "findings", "model", "warnings",
}  # fmt: skip
KEPT_BACK = {"model_name", "evidence", "text", "classifier", "kind"}
"""Fields of a result that are no part of its record."""


def test_the_record_is_told_alike_everywhere():
    names = [field.name for field in told_fields(Result)]
    unscored = Result.unscored("empty", "The text is empty.", id="a")
    assert list(unscored.to_dict()) == names == list(RESULT["properties"])
    assert results_schema([]).names[: len(names)] == names
    assert set(names) >= CONTRACT
    assert COLUMNS == (
        "verdict", "reason", "score", "probability_machine", "p_value", "human_p_value", "n_words", "n_tokens",
        "edit_extent",
    )  # fmt: skip


def test_every_field_is_told_or_kept_back_on_purpose():
    untold = {field.name for field in fields(Result) if "told" not in field.metadata}
    assert untold == KEPT_BACK
    for record in (Segment, Finding):
        assert len(told_fields(record)) == len(fields(record))


def test_arrow_types_follow_the_json_types():
    schema = results_schema([])
    assert schema.field("schema_version").type == pa.int32()
    assert schema.field("p_value").type == schema.field("share_machine").type == pa.float64()
    assert schema.field("n_tokens").type == pa.int64()
    assert schema.field("confidence_interval").type == pa.list_(pa.float64())
    segment = schema.field("segments").type.value_type
    assert (segment.field("start_char").type, segment.field("label").type) == (pa.int64(), pa.string())
    assert schema.field("features").type.value_type.field("contribution").type == pa.float64()
    assert schema.field("methods").type.field("rank").type == pa.float64()
    assert {schema.field(name).type for name in ("verdict", "findings", "warnings", "model")} == {pa.string()}


def test_the_log_likelihood_is_that_of_the_methods():
    def of(**methods):
        return Result("a", None, "human", None, "", model_name="", model_fingerprint="", methods=methods).log_likelihood

    assert of(log_likelihood=-2.5) == -2.5
    assert of(log_likelihood=float("nan")) is None
    assert of() is None


def test_verdicts_have_one_list():
    assert set(VERDICTS) == set(get_args(Verdict)) == {"human", "machine", "mixed", "inconclusive", "unscored"}
    assert set(ACCUSED) < set(VERDICTS)
