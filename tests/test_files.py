"""A file is whole, or it is what it was before."""

import os
import stat

import pytest

from detector.files import MOST_JSON_BYTES, make_folder, read_json, write_text_whole, write_whole


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


def test_a_link_under_the_temporary_name_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".run.json.tmp").symlink_to(victim)
    write_text_whole(tmp_path / "run.json", "new")
    assert victim.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.json", "victim"]
    assert not (tmp_path / "run.json").is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="rights of Unix")
def test_private_files_and_folders_are_their_owners_alone(tmp_path):
    def rights(path):
        return stat.S_IMODE(path.stat().st_mode)

    old = os.umask(0o022)
    try:
        for is_private, folder_rights, file_rights in ((True, 0o700, 0o600), (False, 0o755, 0o644)):
            folder = tmp_path / str(is_private) / "below"
            make_folder(folder, is_private)
            write_whole(folder / "a", lambda file: file.write(b"x"), is_private)
            assert rights(folder) == folder_rights
            assert rights(folder / "a") == file_rights
            make_folder(folder, not is_private)  # one that is there stays as it is
            assert rights(folder) == folder_rights
    finally:
        os.umask(old)


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
