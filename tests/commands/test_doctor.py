"""What is installed, and whether a model is ready."""

import json

import torch
from typer.testing import CliRunner

import cli
from detector.models.loading import resolve_dtype


def test_doctor(run, tiny_folder):
    findings = json.loads(CliRunner().invoke(cli.app, ["doctor", "--json", "--model", str(tiny_folder)]).stdout)
    assert findings["model"]["ready"]
    assert not findings["model"]["calibrated"]
    assert not findings["model"]["network_needed"]
    assert "torch" in findings["packages"]
    assert findings["dtype_auto"] == resolve_dtype("auto", torch.device(findings["device_auto"]))
    assert findings["packaged_model"]["wanted"] == "0.1.2"
    assert findings["packaged_model"]["remove"] == "detect models remove smollm2"
    assert "detect-text/models/smollm2-b179c9523d0e" in findings["packaged_model"]["cache_folder"]
    missing = CliRunner().invoke(cli.app, ["doctor", "--model", "nobody/none"])
    assert missing.exit_code == 4
    assert "network_needed" in missing.stdout
