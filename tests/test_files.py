"""A file is whole, or it is what it was before."""

import pytest

from detector.files import MOST_JSON_BYTES, read_json, write_text_whole, write_whole


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


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'"\xff"', "not in UTF-8"),
        (b"", "Expecting value"),
        (b"[1, 2, 3, 4, 5, 6]", "larger than 1e-05 MB"),
        (b"9" * 5000, "digits"),
    ],
)
def test_json_that_is_none_is_half_a_sentence(tmp_path, content, why):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=why):
        read_json(tmp_path / "a.json", 10 if b"6]" in content else MOST_JSON_BYTES)


def test_json_is_what_it_holds(tmp_path):
    (tmp_path / "a.json").write_bytes('{"a": [1, "é"]}'.encode())
    assert read_json(tmp_path / "a.json") == {"a": [1, "é"]}
