"""What the commands share: options, guarded running, and where words and results go."""

import inspect
import os
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detector.commands.waiting import loading

if TYPE_CHECKING:
    from detector.documents.folding import FoldedText
    from detector.documents.reading import SourceText
    from detector.models import LanguageModel
    from detector.verdict.detector import Detector

ModelOption = Annotated[
    str, typer.Option(help="A name of `detect models`, a model folder, a GGUF file, or a Hugging Face name.")
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
DtypeOption = Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")]
PrefixOption = Annotated[
    str,
    typer.Option(
        metavar="TOKEN", help="What stands in front of a text: auto, none, or a token of the model as it is spelt."
    ),
]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Never use the network.")]
TargetFprOption = Annotated[float, typer.Option(help="Rate of false alarms allowed among human texts.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option(min=1, help="Threads to compute with, in each process.", show_default="the cores it may use"),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors, nothing else.")]
AsGivenOption = Annotated[
    bool, typer.Option("--as-given", help="Take the text as it stands even where it is disguised.")
]
SharedOption = Annotated[
    bool,
    typer.Option("--shared", help="Let others of this machine read what is written; else its owner alone can."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
MaxCharsOption = Annotated[int, typer.Option("--max-chars", min=1, help="Longest text that is taken, characters.")]
MOST_CHARACTERS = 2_000_000
"""Default of ``--max-chars``; that of ``documents.reading_limits``, which is not imported to show a help text."""
FilePath = Annotated[
    str, typer.Argument(metavar="PATH", help="A file (text, Word, OpenDocument, PDF, EPUB, HTML); - is standard input.")
]


@dataclass(frozen=True)
class ModelChoice:
    """The options that choose a language model and how it runs; a command that asks for one gets all of them."""

    model: ModelOption = "default"
    device: DeviceOption = "auto"
    dtype: DtypeOption = "auto"
    offline: OfflineOption = False
    prefix: PrefixOption = "auto"
    threads: ThreadsOption = None

    def load(self, quiet: bool = False) -> "LanguageModel":
        """The language model; raises ``ModelError`` if it cannot be had. Unless ``quiet``, says that it is loading."""
        with loading(self.model, quiet):
            from detector.models import LanguageModel

            return LanguageModel.load(self.model, self.device, self.dtype, self.offline, self.prefix, self.threads)


@dataclass(frozen=True)
class DetectorChoice(ModelChoice):
    """The options that choose what gives verdicts: a language model and how it judges."""

    target_fpr: TargetFprOption = 0.01
    calibration: Annotated[
        Path | None, typer.Option(help="Classifier file for a model other than the embedded one.")
    ] = None
    token_analysis: Annotated[
        Path | None, typer.Option(help="What `detect tokens --out` saved, to flag tokens another model hardly knows.")
    ] = None

    def load_detector(self, alternatives: int = 0, quiet: bool = False) -> "Detector":
        """The detector; raises what ``Detector.load`` raises. Unless ``quiet``, says that it is loading."""
        with loading(self.model, quiet):
            from detector.verdict.detector import Detector

            return Detector.load(**vars(self), alternatives=alternatives)


def _options_of(group: type) -> list[inspect.Parameter]:
    return [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(group).parameters.values()
    ]


def guarded(command: Callable[..., int | None]) -> Callable[..., None]:
    """Errors as sentences and exit codes as promised; a command returns its own code or None for 0.

    A parameter whose type is a dataclass, such as ``ModelChoice``, stands for the options that are its fields. What a
    command with the option ``shared`` writes holds texts, so without the option its owner alone can read it.
    """
    parameters = inspect.signature(command).parameters
    types = {name: parameter.annotation for name, parameter in parameters.items()}
    groups = {name: given for name, given in types.items() if isinstance(given, type) and is_dataclass(given)}

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        import warnings

        from detector.errors import DetectorError, DetectorWarning

        is_private = not kwargs.get("shared", True)
        others = os.umask(0o077) if is_private else 0
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what libraries say to programmers
                warnings.simplefilter("ignore" if kwargs.get("quiet") else "always", DetectorWarning)
                warnings.showwarning = lambda message, *_: say(str(message))
                for name, group in groups.items():
                    kwargs[name] = group(**{option.name: kwargs.pop(option.name) for option in _options_of(group)})
                code = command(*args, **kwargs) or 0
            sys.stdout.flush()
        except DetectorError as error:
            say(str(error))
            code = error.exit_code
        except BrokenPipeError:
            _close_standard_output()
            code = 0
        except OSError as error:
            place = f" to {error.filename}" if isinstance(error.filename, str) else ""
            say(f"The results cannot be written{place}: {error.strerror or error}.")
            _close_standard_output()
            code = 4
        except KeyboardInterrupt:
            say("Interrupted.")
            code = 130
        finally:
            if is_private:
                os.umask(others)
        raise typer.Exit(code)

    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what typer makes the options from
        [p for name, given in parameters.items() for p in (_options_of(groups[name]) if name in groups else (given,))]
    )
    return run


def say(sentence: str) -> None:
    """A message for the person, kept apart from the results."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in sentence)
    print(f"detect: {shown}", file=sys.stderr)


def _close_standard_output() -> None:
    """Nothing more can be written; keep Python from complaining about it at exit."""
    with suppress(OSError):  # not a real file, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(record: dict[str, Any]) -> None:
    """One line of strict JSON, escaped where standard output lacks a character."""
    import json

    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    try:
        line.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        line = json.dumps(record, allow_nan=False)
    print(line, flush=True)


def invite_to_paste(paths: Collection[str], quiet: bool) -> None:
    """Say how a text is pasted, where one is to come from the keyboard."""
    if "-" in paths and not quiet and sys.stdin is not None and sys.stdin.isatty():
        say("Paste the text, then end it: Ctrl-D on a line of its own (on Windows Ctrl-Z and Enter).")


def read_for(path: str, quiet: bool, most_characters: int = MOST_CHARACTERS) -> "SourceText":
    """The source read, with what its reading warns of said."""
    from detector.documents.reading import read_source

    invite_to_paste([path], quiet)
    source = read_source(path, most_characters)
    for warning in () if quiet else source.warnings:
        say(warning)
    return source


def mended_for(text: str, name: str, keep: bool, quiet: bool) -> "FoldedText":
    """A text as it stands but for its disguises, which are undone unless they are to be kept; either is said."""
    from detector.documents.disguises import in_words
    from detector.documents.folding import as_given, mend
    from detector.errors import InputError

    mended = mend(text)
    if text and not mended.text and not keep:
        raise InputError(
            f"{name} holds nothing but characters that leave no mark on the page; --as-given takes it as it stands."
        )
    if mended.disguises and not quiet:
        undone = "it is taken as it stands" if keep else "that was undone first; --as-given takes it as it stands"
        say(f"{name} is disguised ({in_words(mended.disguises)}): {undone}.")
    return as_given(text) if keep else mended


def given(**options: Any) -> dict[str, Any]:
    """The options that were not left out."""
    return {name: value for name, value in options.items() if value is not None}


def refuse(options: dict[str, Any], because: str, instead: str) -> None:
    """Raise ``UsageError`` if any of ``options``, by their spelling, was given; it would be ignored without a word."""
    from detector.errors import UsageError

    if names := list(given(**options)):
        named = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        raise UsageError(f"{because}, so {named} would have no effect. {instead}")
