"""Distributions that are not there: a folder of metadata for ``importlib.metadata`` to find, or to find nothing in."""

import importlib.metadata
from pathlib import Path

import pytest


def only_distribution(
    monkeypatch: pytest.MonkeyPatch, site: Path, name: str, version: str | None, files: dict[str, bytes] | None = None
) -> Path:
    """Of the distribution ``name`` let there be this version alone, or none; the folder its files lie in."""
    site = site / "site-packages"
    site.mkdir(exist_ok=True)
    if version is not None:
        metadata = site / f"{name.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for path, content in (files or {}).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    real = importlib.metadata.Distribution.from_name

    def from_name(asked: str) -> importlib.metadata.Distribution:
        if asked != name:
            return real(asked)
        for found in importlib.metadata.distributions(name=name, path=[str(site)]):
            return found
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata.Distribution, "from_name", staticmethod(from_name))
    return site
