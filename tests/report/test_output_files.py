"""A place for results is tried, and left as it was."""

import errno
from pathlib import Path

import pytest

from detector.errors import OutputError
from detector.report.output_files import check_folder, check_writable


def test_what_is_there_stays_and_nothing_new_is_left(tmp_path):
    old, new = tmp_path / "old.html", tmp_path / "new.html"
    old.write_text("old")
    check_writable(old)
    check_writable(new)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_link_stays_a_link(tmp_path):
    link = tmp_path / "link.html"
    link.symlink_to(tmp_path / "target.html")
    check_writable(link)
    assert link.is_symlink()
    assert list(tmp_path.iterdir()) == [link]
    link.unlink()
    link.symlink_to(tmp_path / "none" / "target.html")
    with pytest.raises(OutputError, match="there is no folder"):
        check_writable(link)


def test_devices_are_not_tried():
    check_writable(Path("/dev/null"))


def test_what_cannot_be_is_said(tmp_path, monkeypatch):
    with pytest.raises(OutputError, match="it is a folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match=r"there is no folder .*none\.$"):
        check_writable(tmp_path / "none" / "x.png")
    with pytest.raises(OutputError, match="File name too long"):
        check_writable(tmp_path / ("x" * 300))

    def read_only(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "touch", read_only)
    with pytest.raises(OutputError, match=r"x\.png cannot be written: Read-only file system\.$"):
        check_writable(tmp_path / "x.png")
    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    with pytest.raises(OutputError, match=r"Nothing can be written into the folder .*Read-only"):
        check_folder(tmp_path)


def test_a_folder_is_made(tmp_path):
    check_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
