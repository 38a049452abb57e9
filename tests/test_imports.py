"""The import stays quick, and the public door holds what it promises."""

import subprocess
import sys
from pathlib import Path

import pytest

import detector

HEAVY = ("torch", "transformers", "matplotlib", "pandas", "scipy", "sklearn")
ROOT = Path(detector.__file__).parents[1]


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('LOADED', *[m for m in {HEAVY!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines()[-1].split()[1:])


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import detector") == set()


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["verdict", "--help"],
        ["score", "--help"],
        ["serve", "--help"],
        ["batch", "--help"],
        ["tokens", "--help"],
        ["--version"],
    ],
)
def test_help_loads_nothing_heavy(args):
    code = f"import cli\ntry:\n    cli.app({args!r})\nexcept SystemExit:\n    pass"
    assert loaded_by(code) == set()


def test_the_check_itself_can_fail():
    assert "torch" in loaded_by("import detector; detector.LanguageModel")


def test_every_public_name_is_there():
    assert detector.__all__ == sorted(detector.__all__)
    assert set(detector.__all__) == set(detector._HOMES)
    for name in detector.__all__:
        assert getattr(detector, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        detector.nonsense  # noqa: B018
