"""What ``detect models`` shows: the models known by name, and what is here of each."""

from typing import Any

from detector.models.cache import size_bytes
from detector.models.catalogue import (
    CATALOGUE,
    DEFAULT_NAME,
    KnownModel,
    PackagedModel,
    installed_version,
    resolve_name,
)
from detector.models.packaged import converted_folder, is_whole
from detector.verdict.shipped import shipped_calibration


def examine_models() -> list[dict[str, Any]]:
    """A record for each model of the catalogue, the best first. Reads no weights."""
    return [_examine(model) for model in CATALOGUE.values()]


def _examine(model: KnownModel) -> dict[str, Any]:
    record: dict[str, Any] = {
        "name": model.name,
        "is_default": resolve_name(DEFAULT_NAME) == model.name,
        "installed": True,
        "converted": None,
        "calibrated": shipped_calibration(model.name) is not None,
        "size_bytes": model.size_bytes,
        "licence": model.licence,
        "origin": model.origin,
    }
    if isinstance(model, PackagedModel):
        folder = converted_folder(model)
        found = installed_version(model)
        record |= {
            "installed": found == model.version,
            "converted": is_whole(folder, model),
            "distribution": model.distribution,
            "version": model.version,
            "installed_version": found,
            "install_command": model.install_command,
            "cache_folder": str(folder),
            "cache_bytes": size_bytes(folder),
        }
    return record


def print_models(found: list[dict[str, Any]]) -> None:
    """A line for each model, with what it is below it."""
    print(f"{'name':10}{'installed':12}{'converted':12}{'calibrated':12}{'size':>8}  licence")
    for record in found:
        words = [_in_a_word(record[key]) for key in ("installed", "converted", "calibrated")]
        size = f"{record['size_bytes'] / 1e6:.0f} MB"
        default = "  (default)" if record["is_default"] else ""
        print(f"{record['name']:10}{''.join(f'{word:12}' for word in words)}{size:>8}  {record['licence']}{default}")
        print(f"{'':10}{record['origin']}")
        if not record["installed"]:
            print(f"{'':10}detect models install {record['name']}")


def _in_a_word(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"
