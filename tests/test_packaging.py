"""What an installation puts beside other packages: one name, ``detector``."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

import detector

ROOT = Path(detector.__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_only_detector_is_packaged_and_all_of_it():
    setuptools = PROJECT["tool"]["setuptools"]
    assert setuptools["py-modules"] == []
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "detector").rglob("*.py")}
    assert set(setuptools["packages"]) == {".".join(folder.parts) for folder in folders}
    assert setuptools["packages"] == sorted(setuptools["packages"])


def test_the_command_is_a_function_in_the_package():
    from importlib import import_module

    module, _, name = PROJECT["project"]["scripts"]["detect"].partition(":")
    assert module.startswith("detector.")
    assert callable(getattr(import_module(module), name))


def required(*extras):
    """Name and oldest version of what the project and some of its extras ask for."""
    project = PROJECT["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return dict(re.match(r"([\w-]+)>=([\d.]+)", line).groups() for line in lines)


def test_the_oldest_versions_tested_are_the_oldest_allowed():
    lines = (ROOT / ".ci" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    asked = required("pdf", "query", "web")
    assert pinned.keys() == asked.keys()
    for name, version in pinned.items():
        assert re.fullmatch(rf"{re.escape(asked[name])}(\.0)*", version), name


def test_every_dependency_is_listed_with_its_reason():
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.+?) \|", security, re.MULTILINE))
    assert rows.keys() == required("pdf", "query", "scale", "train", "web").keys()
    assert all(len(reason.split()) > 3 for reason in rows.values())


@pytest.mark.slow
def test_a_wheel_holds_one_top_level_name_and_what_the_package_reads(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"  # a copy, for setuptools leaves its work beside what it builds
    shutil.copytree(ROOT / "detector", source / "detector", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "cli.py"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(source)]
    made = subprocess.run([*build, "--wheel-dir", str(tmp_path)], capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr
    (wheel,) = tmp_path.glob("*.whl")
    target = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target", str(target)]
    done = subprocess.run([*install, str(wheel)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in target.iterdir() if not path.name.endswith(".dist-info")}
    assert names - {"bin"} == {"detector"}
    packaged = set(ZipFile(wheel).namelist())
    here = {path.relative_to(source).as_posix() for path in (source / "detector").rglob("*") if path.is_file()}
    assert here <= packaged
