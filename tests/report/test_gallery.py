"""The gallery's README, its script and its files say the same."""

import importlib.util
import re
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[2] / "reports" / "gallery"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_gallery", GALLERY.parent / "make_gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_names_every_example_with_its_command(script):
    readme = (GALLERY / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (`.*?`) \| .*? \| `(.*?)` \|$", readme, re.MULTILINE))
    for example in script.EXAMPLES:
        assert rows[", ".join(f"`{name}`" for name in example.files)] == example.command
    for name in script.SCREENSHOTS:
        assert f"`{name}`" in readme


def test_every_example_is_there(script):
    for name in [name for example in script.EXAMPLES for name in example.files] + list(script.SCREENSHOTS):
        assert (GALLERY / name).exists(), name


def test_an_unknown_example_is_refused(script, capsys):
    assert script.main(["nonsense.png"]) == 2
    assert "there is no nonsense.png; there are essay.png" in capsys.readouterr().err
