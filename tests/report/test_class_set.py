import csv
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from detector import Detector
from detector.commands.report import report
from detector.errors import InputError, OutputError, UsageError
from detector.records.result import Result, Segment
from detector.report.class_index import index_page, score_distribution
from detector.report.class_set import drawn_order, entries_of, write_key, write_set
from detector.report.picture_parts import Bars
from detector.report.set_names import distinct_names
from detector.verdict.files import files_among
from tests.conftest import TRAINING_TEXT, make_classifier

SECRET = "nguyen-martha"


@pytest.fixture(scope="module")
def results(tiny):
    detector = Detector(tiny, make_classifier(tiny))
    return [
        detector.detect(TRAINING_TEXT, id=f"a/{SECRET}.txt", path=f"a/{SECRET}.txt"),
        detector.detect(TRAINING_TEXT * 2, id=f"b/{SECRET}.txt", path=f"b/{SECRET}.txt"),
        Result.unscored("unreadable", f"c/{SECRET}.txt: no such file.", id="c", path=f"c/{SECRET}.txt"),
        Result.unscored("empty", "The text is empty.", id="index.html", path="index.html"),
    ]


class Rows(HTMLParser):
    """Cells of the table of texts."""

    def __init__(self, source):
        super().__init__()
        self.rows, self.inside = [], False
        self.feed(re.search(r'<table class="sortable.*?</table>', source, re.DOTALL).group())

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        self.inside = tag in ("td", "th", "a", "span")
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data.strip()


def test_a_page_for_each_text_and_an_index_in_the_order_given(results, tmp_path):
    entries = write_set(results, tmp_path / "new" / "out")
    written = sorted(path.name for path in (tmp_path / "new" / "out").iterdir())
    assert written == sorted(["index.html", "results.csv", "results.xlsx", *(entry.address for entry in entries)])
    assert len({entry.address for entry in entries}) == 4
    index = (tmp_path / "new" / "out" / "index.html").read_text()
    rows = Rows(index).rows[1:]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert [row[1] for row in rows] == [f"{SECRET}.txt"] * 3 + ["index.html"]
    for entry in entries:
        assert f'href="{entry.address}"' in index
        assert 'href="index.html"' in (tmp_path / "new" / "out" / entry.address).read_text()


def words_in(path):
    if path.suffix != ".xlsx":
        return path.read_text()
    return " ".join(str(cell.value) for row in openpyxl.load_workbook(path).active.iter_rows() for cell in row)


def test_hidden_names_are_nowhere(results, tmp_path):
    write_set(results, tmp_path, anonymous=True, picture_format="svg")
    for path in tmp_path.iterdir():
        for where in (path.name, words_in(path)):
            assert "nguyen" not in where.lower()
            assert "martha" not in where.lower()
    assert "Text 2" in (tmp_path / "index.html").read_text()
    assert "The file could not be read." in (tmp_path / "text-003.html").read_text()


def test_names_are_not_hidden_beside_pages_that_tell_them(results, tmp_path):
    write_set(results, tmp_path)
    with pytest.raises(UsageError, match="holds other files, which may name people"):
        write_set(results, tmp_path, anonymous=True)
    write_set(results, tmp_path / "new", anonymous=True)
    write_set(results, tmp_path / "new", anonymous=True)


def test_pictures_are_written_beside_the_pages(results, tmp_path):
    write_set(results[:1], tmp_path, picture_format="svg")
    assert (tmp_path / f"{SECRET}-surprise.svg").read_text().rstrip().endswith("</svg>")
    assert (tmp_path / f"{SECRET}-score.svg").exists()
    with pytest.raises(UsageError, match="png or svg"):
        write_set(results, tmp_path, picture_format="gif")


def test_the_folder_must_be_possible(results, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be made"):
        write_set(results, tmp_path / "file" / "out")


def test_the_class_is_told_by_word_and_colour_with_its_probability(results):
    source = index_page(list(entries_of(results, anonymous=False)), anonymous=False)
    rows = Rows(source).rows[1:]
    assert [row[2].split("c/")[0] for row in rows][:2] == [results[0].verdict, results[1].verdict]
    assert f'<span class="verdict-word {results[0].verdict}">{results[0].verdict}</span>' in source
    assert rows[0][3] == f"{results[0].probability_machine:.2f}"
    assert rows[2][3] == ""


def test_texts_that_are_the_same_but_for_their_blanks_are_said(results):
    again = replace(results[0], id="again", path="again.txt")
    source = index_page(list(entries_of([results[0], results[2], again], anonymous=False)), anonymous=False)
    assert [row[8] for row in Rows(source).rows[1:]] == ["", "", "the same text as no. 1"]


def test_the_tables_say_what_the_index_says(results, tmp_path):
    write_set(results, tmp_path, names=["ann.txt", "bob.txt", "c.txt", "=d.txt"])
    with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    sheet = openpyxl.load_workbook(tmp_path / "results.xlsx").active
    assert [cell.value for cell in sheet[1]][:4] == ["no.", "text", "verdict", "in words"] == list(rows[0])[:4]
    assert [row["text"] for row in rows] == ["ann.txt", "bob.txt", "c.txt", "'=d.txt"]
    assert float(rows[0]["probability_machine"]) == pytest.approx(results[0].probability_machine)
    assert rows[0]["page"] == "ann.html"
    assert 'href="results.csv"' in (tmp_path / "index.html").read_text()


def test_a_table_of_somebody_else_is_not_replaced(results, tmp_path):
    (tmp_path / "results.csv").write_text("mine")
    with pytest.raises(UsageError, match="none of detect's"):
        write_set(results, tmp_path)
    assert (tmp_path / "results.csv").read_text() == "mine"


def test_files_of_one_name_are_told_apart_by_their_folders():
    paths = ["x/ann/essay.txt", "x/bob/essay.txt", "x/bob/notes.txt", "/x/bob/essay.txt", "x/ann/essay.txt", "-"]
    assert distinct_names(paths) == [
        "ann/essay.txt", "x/bob/essay.txt", "notes.txt", "/x/bob/essay.txt", "ann/essay.txt", "-"
    ]  # fmt: skip


def test_nobody_is_ranked(results):
    source = index_page(list(entries_of(results, anonymous=False)), anonymous=False)
    assert "nobody is ranked" in source
    assert "aria-sort" not in re.sub(r"<(style|script)>.*?</\1>", "", source, flags=re.DOTALL)
    rows = Rows(source).rows
    assert not [heading for heading in rows[0] if "score" in heading]
    assert [row[0] for row in rows[1:]] == ["1", "2", "3", "4"]
    for word in ("cheat", "guilt", "plagiar", "suspect", "fraud"):
        assert word not in source.lower()


def test_the_index_tells_parts_in_short_and_evidence_by_side(results):
    at = TRAINING_TEXT.index("What do you")
    parts = (
        Segment(0, at, "uncertain", "human", -3, 0.1, 0.2),
        Segment(at, len(TRAINING_TEXT), "machine", "machine", 3, 0.9, 0.0001),
    )
    evidence = replace(results[0].evidence, token_evidence=np.sin(np.arange(len(results[0].evidence.spans)) / 9))
    mixed = replace(results[0], segments=parts, evidence=evidence)
    source = index_page(list(entries_of([mixed], anonymous=False)), anonymous=False)
    share = round(100 * len(TRAINING_TEXT[:at].split()) / len(TRAINING_TEXT.split()))
    assert Rows(source).rows[1][4] == f"{share} % leans human, undecided; {100 - share} % reads like machine text"
    picture = re.search(r'<ul class="multiples">.*?</ul>', source, re.DOTALL).group()
    for side in ("machine", "human"):
        assert f'class="fill-{side}"' in picture
        assert f">{side}</text>" in picture


def test_chance_is_told(results):
    """Two scored texts at 0.01: 0.02 expected, 1 - 0.99^2 = 2 % for at least one."""
    source = " ".join(index_page(list(entries_of(results, anonymous=False)), anonymous=False).split())
    assert "wrote all 2 texts themselves, hardly one of them would" in source
    assert "the chance of at least one is 2%" in source


def test_shares_of_the_score_picture_add_up(tiny):
    picture = score_distribution([-1.0, 0.5, 40.0], make_classifier(tiny))
    bars = [layer for layer in picture.layers if isinstance(layer, Bars)]
    assert [float(layer.height.sum()) for layer in bars] == pytest.approx([1, 1, 1])
    assert sum(int(row[1]) for row in picture.table.rows) == 3
    assert picture.x_limits[1] >= 40


def test_an_empty_set_and_one_without_verdicts_make_an_index(results):
    assert "0 texts" in index_page([], anonymous=False)
    unscored = list(entries_of(results[2:], anonymous=False))
    assert "No verdict" in index_page(unscored, anonymous=False)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.txt", "<b>.txt", "..", "\u4e2d.txt", "x" * 300, "CON"])
def test_addresses_are_plain_file_names(name):
    (entry,) = entries_of([Result.unscored("empty", "", id=name, path=name)], anonymous=False)
    assert re.fullmatch(r"[\w-][\w.-]{0,120}\.html", entry.address)
    assert len(entry.address.encode()) < 140


def test_folders_stand_for_their_files(tmp_path):
    for name in ("b.txt", "a.txt", ".hidden", "sub/c.md", ".git/x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = files_among([str(tmp_path), "-", "missing.txt"])
    assert found == [*(str(tmp_path / name) for name in ("a.txt", "b.txt", "sub/c.md")), "-", "missing.txt"]
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no file"):
        files_among([str(tmp_path / "none")])


def test_the_command(tiny_folder, tiny_calibration, tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "one.txt").write_text(TRAINING_TEXT)
    (texts / "two.txt").write_text("Short.")
    app = typer.Typer()
    app.command()(report)
    options = ["--model", str(tiny_folder), "--dtype", "float32", "--calibration", str(tiny_calibration), "--quiet"]
    ran = CliRunner().invoke(app, [str(texts), "--out", str(tmp_path / "out"), *options])
    assert ran.exit_code == 3  # one got no verdict, and the other has its page
    assert ran.stdout.strip() == str(tmp_path / "out" / "index.html")
    assert "How to read this" in (tmp_path / "out" / "one.html").read_text()
    assert "first choices" in (tmp_path / "out" / "one.html").read_text()
    (texts / "two.txt").unlink()
    assert CliRunner().invoke(app, [str(texts), "--out", str(tmp_path / "again"), *options]).exit_code == 0
    wrong = CliRunner().invoke(app, [str(texts), "--out", str(tmp_path / "out"), "--pictures", "gif", *options])
    assert wrong.exit_code == 2


def test_pages_of_a_larger_run_go_and_nothing_else(results, tmp_path):
    write_set(results[:2], tmp_path, picture_format="svg")
    assert (tmp_path / f"{SECRET}-2.html").exists()
    (tmp_path / "notes.html").write_text("mine")
    write_set(results[:1], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "index.html", f"{SECRET}.html", "notes.html", "results.csv", "results.xlsx"
    ]  # fmt: skip


@pytest.mark.parametrize("names", ["../kept.html", "kept.txt", "sub"])
def test_a_forged_index_removes_nothing_else(results, tmp_path, names):
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    for path in (tmp_path / "kept.html", out / "kept.txt", out / "sub" / "kept.html"):
        path.write_text("mine")
    (out / "index.html").write_text(f'<meta name="detect-files" content="{names}">')
    write_set(results[:1], out)
    assert len(list(tmp_path.rglob("kept.*"))) == 3


def test_numbers_are_drawn_by_lot(monkeypatch):
    paths = [f"{i:03}.txt" for i in range(200)]
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    first, second = drawn_order(paths), drawn_order(paths)
    assert sorted(first) == sorted(second) == paths
    assert first != paths  # 1 in 200! is the chance of that
    assert first != second
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert drawn_order(paths) == paths


def test_a_key_never_lies_among_the_pages(tmp_path):
    write_key(["b,1.txt", "a.txt"], tmp_path / "key.csv", tmp_path / "out")
    with (tmp_path / "key.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["text", "file"], ["1", "b,1.txt"], ["2", "a.txt"]]
    with pytest.raises(UsageError, match="among the pages"):
        write_key(["a.txt"], tmp_path / "out" / "sub" / ".." / "key.csv", tmp_path / "out")
    with pytest.raises(OutputError, match="there is no folder"):
        write_key(["a.txt"], tmp_path / "none" / "key.csv", tmp_path / "out")


def test_the_command_hides_names_and_keeps_the_key_apart(tiny_folder, tiny_calibration, tmp_path):
    texts = [tmp_path / f"{name}.txt" for name in ("ann", "bob", "eve")]
    for text in texts:
        text.write_text(f"{text.stem} writes.")
    app = typer.Typer()
    app.command()(report)
    options = [
        "--model",
        str(tiny_folder),
        "--dtype",
        "float32",
        "--calibration",
        str(tiny_calibration),
        "--out",
        str(tmp_path / "out"),
    ]
    key = tmp_path / "key.csv"
    ran = CliRunner().invoke(app, [*map(str, texts), *options, "--anonymous", "--key", str(key)])
    assert ran.exit_code == 3
    assert str(key) in ran.stderr
    with key.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["file"] for row in rows) == sorted(map(str, texts))
    for row in rows:
        page = (tmp_path / "out" / f"text-{int(row['text']):03d}.html").read_text()
        assert re.search(r"(ann|bob|eve) writes", page).group(1) in row["file"]
    before = key.read_bytes()
    refused = CliRunner().invoke(app, [str(texts[0]), *options, "--key", str(key)])
    (tmp_path / "out" / "named.html").write_text("x")
    foreign = CliRunner().invoke(app, [str(texts[0]), *options, "--anonymous", "--key", str(key)])
    assert (refused.exit_code, foreign.exit_code) == (2, 2)
    assert key.read_bytes() == before  # of the pages that are still there


def test_a_missing_file_is_named_once(tiny_folder, tiny_calibration, tmp_path):
    app = typer.Typer()
    app.command()(report)
    options = [
        "--model",
        str(tiny_folder),
        "--dtype",
        "float32",
        "--calibration",
        str(tiny_calibration),
        "--out",
        str(tmp_path / "out"),
    ]
    ran = CliRunner().invoke(app, ["nonexist", *options])
    assert ran.exit_code == 3
    assert "No verdict: nonexist: no such file." in ran.stderr
    assert ran.stderr.count("nonexist") == 1
