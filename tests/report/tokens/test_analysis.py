import base64
import hashlib
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from detector.report.tokens.analysis import difference_lines, print_analysis, summary_lines, to_record
from detector.report.tokens.page import vocabulary_page
from detector.report.tokens.pictures import histogram_table
from detector.vocabulary.analysis import analyse_vocabulary
from detector.vocabulary.difference import difference
from detector.vocabulary.model_source import load_tokenizer
from detector.vocabulary.reference_rows import ReferenceRows
from tests.conftest import TRAINING_TEXT


@pytest.fixture(scope="module")
def analysis(tiny_folder):
    found, _ = analyse_vocabulary(tiny_folder, load_tokenizer(tiny_folder), "tiny <b>", [TRAINING_TEXT], "harbour")
    found.at_floor[[260, 300]] = True
    return found


@pytest.mark.parametrize("n_found", [0, 2])
def test_the_record_says_why_a_reference_set_was_refused(analysis, n_found):
    ids = np.arange(n_found, dtype=np.int32)
    refused = None if n_found else "they do not agree"
    source = "rows above the vocabulary" if n_found else ""
    found = ReferenceRows(ids, ids[:0], source, 0.9 if n_found else None, None, refused)
    record = to_record(replace(analysis, reference=found))["reference"]
    assert record == {"ids": ids.tolist(), "source": source, "coherence": found.coherence, "refused": refused}
    none = to_record(replace(analysis, reference=None))["reference"]
    assert none == {"ids": [], "source": "", "coherence": None, "refused": None}


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


@pytest.fixture
def with_reference(analysis):
    """Seven suspects, of which three are the reference."""
    reference = ReferenceRows(np.arange(3), np.array([], dtype=int), "rows made here", 1.0, 0.0, None)
    at_floor = np.arange(len(analysis)) < 7
    return replace(analysis, reference=reference, order=np.arange(7, dtype=np.int32), at_floor=at_floor)


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


def test_a_comparison_says_that_only_one_run_was_prompted(analysis, verified):
    sentence = "Only {} was prompted (--verify): confirmed tokens are not compared."
    assert sentence.format("B") in difference_lines(difference(analysis, verified))
    assert sentence.format("A") in difference_lines(difference(verified, analysis))
    for run in (analysis, verified):
        assert not any("Only" in line for line in difference_lines(difference(run, run)))


def test_a_comparison_counts_suspects_as_the_analysis_does(with_reference):
    lines = list(difference_lines(difference(with_reference, with_reference)))
    assert "suspects besides the reference: 4 in A, 4 in B." in lines
    assert any(line.startswith("4 suspects besides the reference") for line in summary_lines(with_reference))


def test_every_picture_has_its_numbers(verified):
    page = vocabulary_page(verified)
    pictures = re.findall(r'<figure class="picture">.*?</figure>', page, re.DOTALL)
    assert len(pictures) == 2
    assert all("The numbers of this picture" in picture for picture in pictures)
    cells = re.findall(r"<td>(.*?)</td>", pictures[1])
    assert cells[0] == "260"
    assert cells[3:5] == ["1e-07", "confirmed"]
    assert len(cells) == 5 * 3


def test_the_table_of_a_histogram_counts_each_token_once():
    values = np.array([0.0, 0.1, 60.0, np.nan, 59.5])
    table = histogram_table(values, np.array([0, 3]), np.array([1, 7]), "distance")
    assert table.headings == ("distance from", "to", "tokens", "suspects", "reference rows")
    assert table.rows == [("0", "1", "2", "1", "1"), ("59", "60", "2", "0", "0")]


def test_a_long_table_of_tokens_unfolds(analysis):
    suspicious = replace(analysis, order=np.arange(100, dtype=np.int32), at_floor=np.arange(len(analysis)) < 100)
    page = vocabulary_page(suspicious)
    shown, _, folded = page.partition('<h2 id="suspects">')[2].partition("<summary>The other 70</summary>")
    assert shown.count('<tr><td class="number">') == 30
    assert folded.partition("</table>")[0].count('<tr><td class="number">') == 70
    assert "The other" not in vocabulary_page(analysis)


def test_the_page_says_where_the_reference_comes_from(analysis, with_reference):
    def reference_setting(shown):
        return re.search(r'<th scope="row">reference</th><td>(.*?)</td>', vocabulary_page(shown))[1]

    assert reference_setting(with_reference) == "found by the program"
    assert reference_setting(analysis) == "none"
    given = replace(with_reference, settings={**with_reference.settings, "reference": [0, 1, 2]})
    assert reference_setting(given) == "[0, 1, 2]"
