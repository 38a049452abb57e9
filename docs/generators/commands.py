"""Every command with its arguments and options, read off the program that runs them."""

import inspect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from typer.main import get_command

from detector.commands.app import app
from docs.generators.markdown import code, fenced, page, plain, table

SHARED_BY = 4
"""Commands that must have an option, with the same words and default, for it to be described once for all."""
_VALUES = {bool: "", str: "TEXT", int: "N", float: "NUMBER", Path: "PATH"}

INTRODUCTION = """\
`detect COMMAND --help` shows the same in a terminal. `detect essay.txt` is short for `detect verdict essay.txt`; a file
that bears the name of a command is reached as `./score`."""
ENDS = """\
Results go to standard output, everything else to standard error. A command ends with one of these exit codes:"""
EXIT_CODES = (
    ("0", "every input got a result, whatever the verdict"),
    ("2", "usage: an unknown option, or values that do not go together"),
    ("3", "some input could not be read or scored; the others were"),
    ("4", "a model, a calibration or another resource is missing, or the results cannot be written"),
    ("130", "interrupted"),
)
SHARED_HEADING = "Options that many commands share"


@dataclass(frozen=True)
class Parameter:
    """An argument or option as a person gives it."""

    names: tuple[str, ...]
    """As typed; for an argument, its one placeholder."""
    is_option: bool
    takes: str
    """Placeholder of the value; empty for a switch."""
    default: str
    """Empty where there is none to show."""
    help: str
    required: bool


@dataclass(frozen=True)
class Command:
    """A command as ``--help`` knows it."""

    name: str
    help: str
    parameters: tuple[Parameter, ...]


def commands_page() -> str:
    """The page of ``detect``."""
    commands = commands_of(app)
    shared = shared_options(commands)
    index = [(f"[`detect {c.name}`](#{anchor(c.name)})", plain(first_line(c.help))) for c in commands]
    return page(
        "Commands",
        INTRODUCTION,
        table(["command", "does"], index),
        ENDS,
        table(["code", "means"], EXIT_CODES),
        f"## {SHARED_HEADING}",
        "Each command below names those of them that it has.",
        _parameter_table(shared),
        *(block for command in commands for block in _section(command, "detect", shared)),
    )


def training_page() -> str:
    """The page of ``python -m detector.training``."""
    import detector.training.__main__ as training

    commands = commands_of(training.app)
    shared: list[Parameter] = []
    return page(
        "Training commands",
        "`python -m detector.training COMMAND` makes the files that are shipped: the small base model, its voices, "
        "the probe, the classifiers and the numbers that reports are drawn against. [Make it again](../make_again.md) "
        "gives the whole sequence. A verdict from your own labelled texts needs none of these: "
        "[`detect train`](commands.md#detect-train).",
        fenced("\n".join((training.__doc__ or "").splitlines()[2:])),
        *(block for command in commands for block in _section(command, "python -m detector.training", shared)),
    )


def anchor(name: str) -> str:
    """Of a command's section on its page."""
    return f"detect-{name}"


def first_line(text: str) -> str:
    """What a command does, in a sentence."""
    return text.split("\n")[0]


def commands_of(program: typer.Typer) -> list[Command]:
    """Its commands in the order in which ``--help`` lists them; hidden ones are left out."""
    found = get_command(program).commands  # type: ignore[attr-defined]  # a group
    callbacks = {_name_of(info): info.callback for info in program.registered_commands}
    return [
        Command(name, inspect.cleandoc(command.help or ""), tuple(_parameters(command, callbacks[name])))
        for name, command in found.items()
        if not command.hidden
    ]


def _name_of(info: Any) -> str:
    return info.name or info.callback.__name__.replace("_", "-")


def shared_options(commands: list[Command]) -> list[Parameter]:
    """Options that at least ``SHARED_BY`` commands have alike."""
    counts = Counter(parameter for command in commands for parameter in command.parameters if parameter.is_option)
    return [parameter for parameter, n in counts.items() if n >= SHARED_BY]


def _parameters(command: Any, callback: Any) -> Iterator[Parameter]:
    signature = inspect.signature(callback).parameters
    for found in command.params:
        if found.name == "help" or getattr(found, "hidden", False):
            continue
        is_option = found.param_type_name == "option"
        kind = _type_of(signature[found.name].annotation)
        shown = getattr(found, "show_default", True)
        yield Parameter(
            names=_names(found, kind) if is_option else (found.metavar or found.name.upper(),),
            is_option=is_option,
            takes=_takes(found, kind) if is_option else "",
            default=shown if isinstance(shown, str) else _default(found.default) if shown else "",
            help=_help(found, kind),
            required=found.required,
        )


def _names(option: Any, kind: Any) -> tuple[str, ...]:
    """Of a switch that is off by itself, the way to turn it off is not shown."""
    turned_off = () if kind is bool and not option.default else tuple(option.secondary_opts)
    return (*option.opts, *turned_off)


def _help(found: Any, kind: Any) -> str:
    """What it says of itself, with the values there are and the environment variable that gives it too."""
    said = [found.help or ""]
    if values := _choices(kind):
        said.append(f"One of {', '.join(f'`{value}`' for value in values)}.")
    if found.envvar:
        said.append(f"Taken from the environment variable `{found.envvar}` too.")
    return " ".join(said).strip()


def _choices(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    return []


def _type_of(annotation: Any) -> Any:
    """The bare type: without typer's words, ``None`` and list."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = [kind for kind in get_args(annotation) if kind is not NoneType][:1]
    if get_origin(annotation) is list:
        (annotation,) = get_args(annotation)
    return annotation


def _takes(option: Any, kind: Any) -> str:
    if option.metavar:
        return str(option.metavar)
    return _VALUES.get(kind, "VALUE")


def _default(value: Any) -> str:
    if value is None or value is False or callable(value) or value in ([], ()):
        return ""
    return "on" if value is True else f"{value:g}" if isinstance(value, float) else str(value)


def _section(command: Command, program: str, shared: list[Parameter]) -> Iterator[str | list[str]]:
    arguments = [p for p in command.parameters if not p.is_option]
    own = [p for p in command.parameters if p.is_option and p not in shared]
    others = [p for p in command.parameters if p in shared]
    heading = f"{program} {command.name}" if program == "detect" else command.name
    yield f"## {heading}"
    yield " ".join(plain(line) for line in command.help.split("\n") if line)
    yield fenced(_usage(command, program))
    if arguments:
        yield table(["argument", ""], ((code(p.names[0]), plain(p.help)) for p in arguments))
    if own:
        yield _parameter_table(own)
    if others:
        names = ", ".join(code(p.names[0]) for p in others)
        yield f"[Shared options](#{SHARED_HEADING.lower().replace(' ', '-')}): {names}."


def _usage(command: Command, program: str) -> str:
    words = [program, command.name]
    for parameter in command.parameters:
        if not parameter.is_option:
            name = parameter.names[0]
            words.append(name if parameter.required or name.startswith("[") else f"[{name}]")
        elif parameter.required:
            words.append(f"{parameter.names[0]} {parameter.takes}")
    return " ".join([*words, "[OPTIONS]"])


def _parameter_table(parameters: list[Parameter]) -> list[str]:
    rows = []
    for p in parameters:
        names = ", ".join(code(name) for name in p.names)
        value = f" {code(p.takes)}" if p.takes else ""
        default = "required" if p.required else code(p.default) if p.default else ""
        rows.append((f"{names}{value}", default, plain(p.help)))
    if not any(default for _, default, _ in rows):
        return table(["option", ""], [(names, says) for names, _, says in rows])
    return table(["option", "default", ""], rows)
