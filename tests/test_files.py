"""A file is whole, or it is what it was before."""

import pytest

from detector.files import write_text_whole, write_whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "a.json"
    write_text_whole(path, "old")
    write_text_whole(path, "n\u00e9w")
    assert path.read_text(encoding="utf-8") == "n\u00e9w"
    assert list(tmp_path.iterdir()) == [path]


def test_writing_that_breaks_off_changes_nothing(tmp_path):
    path = tmp_path / "a.json"
    write_text_whole(path, "old")

    def fill(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fill)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
