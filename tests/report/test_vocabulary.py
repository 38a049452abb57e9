import base64
import hashlib
import io
import re

import pytest
from rich.console import Console

from detector.report.vocabulary import difference_lines, print_analysis, to_record
from detector.report.vocabulary_page import vocabulary_page
from detector.vocabulary.analysis import analyse_vocabulary
from detector.vocabulary.difference import difference
from detector.vocabulary.model_source import load_tokenizer
from tests.conftest import TRAINING_TEXT


@pytest.fixture(scope="module")
def analysis(tiny_folder):
    found, _ = analyse_vocabulary(tiny_folder, load_tokenizer(tiny_folder), "tiny <b>", [TRAINING_TEXT], "harbour")
    found.at_floor[[260, 300]] = True
    return found


@pytest.fixture(scope="module")
def verified(analysis):
    tokens = [
        {"token_id": i, "outcome": outcome, "max_probability": p, "readings": []}
        for i, outcome, p in ((260, "confirmed", 1e-7), (300, "echoed", 0.4), (301, "undecided", 0.0))
    ]
    verification = {
        "tokens": tokens,
        "recall": {"walked": 2, "interval": [0.1, 1.0], "recall": None},
        "settings": {"threshold": 0.01},
        "controls_echoed": 0.9,
        "controls": [],
        "prompts": [],
    }
    return analysis.with_verification(verification)


def printed(analysis, lines=()):
    console = Console(width=120, record=True, file=io.StringIO())
    print_analysis(console, analysis, 10, iter(lines))
    return console.export_text()


def test_the_terminal_says_what_was_found(analysis):
    text = printed(analysis, ["[bold]as it stands[/bold]"])
    assert "tiny <b>: 381 tokens, byte-level BPE" in text
    assert "no difference" in text
    assert "no reference rows" in text
    assert analysis.display[260] in text
    assert "[bold]as it stands[/bold]" in text  # tokens are no markup


def test_the_record_holds_every_token_of_which_something_is_said(analysis, verified):
    record = to_record(verified)
    assert record["schema_version"] == 1
    by_id = {token["id"]: token for token in record["tokens"]}
    assert by_id[260]["at_floor"]
    assert by_id[260]["text"] == analysis.display[260]
    assert by_id[300]["produced"] == analysis.produced[300]
    assert record["confirmed"] == 1
    assert "readings" not in record["verification"]["tokens"][0]
    assert record["tokenizer"]["counts"]["special"] == 1
    assert to_record(analysis)["verification"] is None


def test_the_page_is_whole_and_can_do_nothing(verified):
    page = vocabulary_page(verified)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "<script" not in page
    assert not re.search(r'\s(?:style|on\w+)="', page)
    assert not re.search(r'(?:src|href)="|url\(', page)
    assert "tiny &lt;b&gt;" in page
    assert "tiny <b>" not in page
    assert page.count("<svg") >= 2
    assert 'class="confirmed"' in page
    assert "0.01" in page


def test_the_page_of_a_tokenizer_alone(tmp_path):
    from tests.conftest import tiny_tokenizer

    tiny_tokenizer().save_pretrained(tmp_path)
    found, _ = analyse_vocabulary(tmp_path, load_tokenizer(tmp_path), "alone")
    page = vocabulary_page(found)
    assert "<svg" not in page
    assert "Tokens that do not stand alone" in page
    assert "FF" in page


def test_tokens_cannot_act_on_the_page(analysis):
    from dataclasses import replace

    display = ["<script>alert(1)</script>\u202e"] * len(analysis)
    page = vocabulary_page(replace(analysis, display=display))
    assert "<script" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_a_comparison_in_lines(analysis, verified):
    lines = list(difference_lines(difference(analysis.with_verification({"tokens": []}), verified)))
    assert lines[:2] == ["A: tiny <b>", "B: tiny <b>"]
    assert "Tokenizer: the same." in lines
    assert f"Confirmed only in B: {analysis.display[260]}" in lines
    assert "confirmed: 0 in A, 1 in B." in lines
