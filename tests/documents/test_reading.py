import io
import sys

import pytest

from detector import InputError
from detector.corpus.sources import source_of
from detector.corpus.tables import Layout
from detector.documents import reading
from detector.documents.reading import SourceText, read_folder, read_source, text_of
from detector.documents.reading_limits import ReadingLimits
from tests.documents import hostile_files
from tests.documents.files_made_here import open_document, pdf


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_source(str(tmp_path / "none.txt"))
    with pytest.raises(InputError, match="is a folder"):
        read_source(str(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        read_source("bad\x00name")


def test_a_document_comes_with_a_warning(tmp_path, monkeypatch):
    pytest.importorskip("pypdfium2", reason="PDF needs pip install 'detect-text[documents]'")
    data = pdf([["The boats were gone."]])
    path = tmp_path / "essay.txt"
    path.write_bytes(data)
    source = read_source(str(path))
    assert (source.id, source.path, source.text) == (str(path), str(path), "The boats were gone.")
    assert "PDF of 1 page" in source.warnings[0]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert read_source("-") == SourceText("-", None, source.text, source.warnings)


def test_a_document_without_text_is_said_to_have_none():
    pytest.importorskip("defusedxml", reason="documents need pip install 'detect-text[documents]'")
    for data in (open_document("<text:p> </text:p>"), b"<html><title>No</title>"):
        with pytest.raises(InputError, match="holds no text, only pictures"):
            text_of(data, "f")
    assert text_of(b"", "f") == ("", ())


def test_a_folder_of_files_of_any_format(tmp_path):
    pytest.importorskip("defusedxml", reason="documents need pip install 'detect-text[documents]'")
    (tmp_path / "a.odt").write_bytes(open_document("<text:p>One</text:p>"))
    (tmp_path / "b.png").write_bytes(b"\x89PNG")
    (tmp_path / "c.txt").write_text("Two")
    with pytest.warns(match="PNG picture"):
        assert [source.text for source in read_folder(tmp_path)] == ["One", "Two"]


def test_a_corpus_holds_files_of_any_format(tmp_path):
    pytest.importorskip("defusedxml", reason="documents need pip install 'detect-text[documents]'")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.odt").write_bytes(open_document("<text:p>One</text:p>"))
    (tmp_path / "long.odt").write_bytes(open_document("<text:p>Longer than allowed</text:p>"))
    (tmp_path / "z.odt").write_bytes(b"PK\x03\x04")
    first, long, broken = source_of(tmp_path, Layout(most_characters=10_000), tmp_path / "out").documents()
    assert (first.id, first.text, first.problem) == ("deep/a.odt", "One", None)
    assert "OpenDocument" in first.warnings[0]
    assert long.text == "Longer than allowed"
    assert "damaged" in broken.problem.explanation
    again = list(source_of(tmp_path, Layout(most_characters=18), tmp_path / "out").documents())
    assert [document.problem is None for document in again] == [True, False, False]


def test_a_corpus_goes_on_behind_hostile_files(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "ReadingLimits", lambda most: ReadingLimits(most, memory_bytes=100 << 20))
    for name in ("nested_forms.pdf", "many_relations.docx"):
        (tmp_path / name).write_bytes(hostile_files.HOSTILE[name]())
    (tmp_path / "long.odt").write_bytes(open_document(f"<text:p>{'word ' * 5000}</text:p>"))
    (tmp_path / "z.txt").write_text("One.")
    layout = Layout(most_characters=10_000)
    found = {d.id: d for d in source_of(tmp_path, layout, tmp_path / "out").documents()}
    assert {name: document.problem and document.problem.reason for name, document in found.items()} == {
        "nested_forms.pdf": "unreadable",
        "many_relations.docx": "unreadable",
        "long.odt": "too_long",
        "z.txt": None,
    }
