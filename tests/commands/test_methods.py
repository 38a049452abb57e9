"""The list of the published statistics."""

import json

from typer.testing import CliRunner

import cli


def test_methods_lists_every_statistic():
    records = [json.loads(line) for line in CliRunner().invoke(cli.app, ["methods", "--json"]).stdout.splitlines()]
    assert {"binoculars", "fast_detect_gpt", "lastde_plus_plus", "uid_variance"} <= {r["name"] for r in records}
    plain = CliRunner().invoke(cli.app, ["methods"]).stdout
    assert "lrr  (higher = machine; ratio; one pass)" in plain
    assert "diveye.surprisal_std  (lower = machine; nats; one pass (diveye_features))" in plain
    assert "diveye.surprisal_skewness  (direction left to a classifier; ratio; one pass" in plain
    assert "green_list_z  (higher = machine; standard deviations; the mark's key (detect watermark --key))" in plain
    assert "synthid_weighted_mean  (higher = machine; share of bits; the mark's keys" in plain
    by_name = {r["name"]: r for r in records}
    assert [r["name"] for r in records] == sorted(by_name)
    assert sum(name.startswith("diveye.") for name in by_name) == 10
    assert (by_name["synthid_mean"]["higher_is_machine"], by_name["synthid_mean"]["unit"]) == (True, "share of bits")
    assert by_name["green_list_window_p_value"]["higher_is_machine"] is False
    assert by_name["diveye.second_difference_autocorrelation"]["higher_is_machine"] is None
    assert all({"name", "higher_is_machine", "unit", "needs", "summary"} == r.keys() for r in records)
    assert "`" not in plain + "".join(r["summary"] for r in records)
