"""The command line: parse, call, print. ``detect essay.txt`` and the subcommands live side by side."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

DEFAULT_COMMAND = "verdict"
_GROUP_OPTIONS = ("--help", "--version", "--install-completion", "--show-completion")


class _DefaultCommand(TyperGroup):
    """Reads ``detect essay.txt`` as ``detect verdict essay.txt``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in _GROUP_OPTIONS:
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_DefaultCommand,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Did a human or a machine write this text, how sure can one be, and where does it show?\n\n"
    "`detect essay.txt` gives the verdict on a file, `detect -` on standard input; `detect verdict --help` "
    "lists its options. A file that bears the name of a command is reached as ./NAME.",
)

ModelOption = Annotated[str, typer.Option(help="'default' (embedded), a model folder, or a Hugging Face name.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
DtypeOption = Annotated[str, typer.Option(help="float32, bfloat16 or float16.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Never use the network.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors, nothing else.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def _guarded(command: Callable[..., int | None]) -> Callable[..., None]:
    """Errors as sentences and exit codes as promised; a command returns its own code or None for 0."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        import warnings

        from detector.errors import DetectorError, DetectorWarning

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what libraries say to programmers
                warnings.simplefilter("ignore" if kwargs.get("quiet") else "always", DetectorWarning)
                warnings.showwarning = lambda message, *_: _say(str(message))
                code = command(*args, **kwargs) or 0
            sys.stdout.flush()
        except DetectorError as error:
            _say(str(error))
            code = error.exit_code
        except BrokenPipeError:
            _close_standard_output()
            code = 0
        except OSError as error:
            _say(f"The results cannot be written: {error.strerror or error}.")
            _close_standard_output()
            code = 4
        except KeyboardInterrupt:
            _say("Interrupted.")
            code = 130
        raise typer.Exit(code)

    return run


def _say(sentence: str) -> None:
    """A message for the person, kept apart from the results."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in sentence)
    print(f"detect: {shown}", file=sys.stderr)


def _close_standard_output() -> None:
    """Nothing more can be written; keep Python from complaining about it at exit."""
    with suppress(OSError):  # not a real file, as in tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version(wanted: bool) -> None:
    if wanted:
        from detector import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def _group(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(name=DEFAULT_COMMAND)
@_guarded
def verdict(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Text files; - is standard input.")],
    as_json: JsonOption = False,
    png: Annotated[Path | None, typer.Option(help="Draw the surprise curve of one file (.png or .svg).")] = None,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    target_fpr: Annotated[float, typer.Option(help="Rate of false alarms allowed among human texts.")] = 0.01,
    calibration: Annotated[
        Path | None, typer.Option(help="Classifier file for a model other than the embedded one.")
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """The verdict on each file: human, machine, inconclusive or unscored. The default command."""
    if png is not None:
        from detector.errors import UsageError
        from detector.report.picture import check_picture_path

        if len(paths) != 1:
            raise UsageError(f"--png draws one file, and {len(paths)} were given.")
        check_picture_path(png)
    from detector.verdict.detector import Detector
    from detector.verdict.files import detect_files

    detector = Detector.load(model, device, dtype, offline, target_fpr, calibration)
    show = _json_printer() if as_json else _text_printer(show_text=len(paths) == 1 and not quiet)
    code = 0
    for result in _with_progress(detect_files(detector, paths), len(paths), quiet):
        unreadable = result.reason == "unreadable"
        if as_json or not unreadable:
            show(result)
        for warning in () if quiet else result.warnings:
            _say(warning)
        if result.verdict == "unscored":
            code = 3
            if as_json or unreadable:
                _say(_with_command_hint(result.explanation, result.path) if unreadable else _named(result))
        if png is not None:
            from detector.report.picture import draw_surprise

            draw_surprise(result, detector.classifier.human_sentence_bits, png)
    return code


def _with_progress(results: Iterator[Any], total: int, quiet: bool) -> Iterator[Any]:
    """A bar on standard error, if someone is looking at it and results are not shown in the same place."""
    if quiet or total < 2 or sys.stdout.isatty() or not sys.stderr.isatty():
        return results
    from rich.console import Console
    from rich.progress import track

    return iter(track(results, description="Judging", total=total, console=Console(stderr=True)))


def _named(result: Any) -> str:
    return f"{result.path or 'standard input'} got no verdict: {result.explanation}"


def _with_command_hint(sentence: str, path: str | None) -> str:
    commands = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    return f"{sentence} ({path} is also a command; commands come first.)" if path in commands else sentence


def _print_json(record: dict[str, Any]) -> None:
    """One line of strict JSON, escaped where standard output lacks a character."""
    import json

    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    try:
        line.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        line = json.dumps(record, allow_nan=False)
    print(line, flush=True)


def _json_printer() -> Callable[[Any], None]:
    return lambda result: _print_json(result.to_dict())


def _text_printer(show_text: bool) -> Callable[[Any], None]:
    from detector.report.terminal import make_console, print_result

    console = make_console()
    return lambda result: print_result(console, result, show_text)


@app.command()
@_guarded
def score(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A text file; - is standard input.")],
    as_json: JsonOption = False,
    top: Annotated[int, typer.Option(min=0, max=100, help="Likeliest alternatives of each token.")] = 5,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Log-probability, rank and entropy of every token of a file, the text taken as it stands."""
    import numpy as np

    from detector.documents.reading import read_source
    from detector.errors import InputError
    from detector.models import LanguageModel
    from detector.report.token_table import print_table, to_record
    from detector.scoring import score_texts

    source = read_source(path)
    for warning in () if quiet else source.warnings:
        _say(warning)
    if not source.text:
        raise InputError(f"{path} is empty, so there is nothing to score.")
    language_model = LanguageModel.load(model, device, dtype, offline)
    scores = next(score_texts(language_model, [source.text], top_k=top))
    if not np.isfinite(scores.log_prob_nats).all():
        _say(f"The probabilities of {model} are not all finite numbers; try --dtype float32.")
    if as_json:
        _print_json(to_record(scores, source.text, language_model))
    else:
        print_table(scores, source.text, language_model)


TemperatureOption = Annotated[float, typer.Option(help="Above 1 flattens the distribution, below 1 sharpens it.")]
TopKOption = Annotated[int | None, typer.Option(help="Keep the k likeliest tokens.")]
TopPOption = Annotated[float, typer.Option(help="Keep the fewest tokens whose probability reaches p.")]
FrequencyOption = Annotated[float, typer.Option(help="Penalty for each time a token stands in the text already.")]
PresenceOption = Annotated[float, typer.Option(help="Penalty for tokens that stand in the text at all.")]
WatermarkSchemeOption = Annotated[
    str, typer.Option(help="lefthash, minhash, skipgram, selfhash, selfhash_transformers.")
]
WatermarkGammaOption = Annotated[float, typer.Option(help="Share of the vocabulary that is green.")]
PenaltyFormOption = Annotated[str, typer.Option(help="divide (moved to a positive range first) or subtract.")]


@app.command()
@_guarded
def generate(
    prompt: Annotated[str, typer.Option(help="The beginning; - reads it from standard input.")] = "",
    max_tokens: Annotated[int, typer.Option(help="Tokens to draw at most.")] = 200,
    temperature: TemperatureOption = 1.0,
    top_k: TopKOption = None,
    top_p: TopPOption = 1.0,
    frequency_penalty: FrequencyOption = 0.0,
    presence_penalty: PresenceOption = 0.0,
    penalty_form: PenaltyFormOption = "divide",
    greedy: Annotated[bool, typer.Option("--greedy", help="Always the likeliest token.")] = False,
    stop: Annotated[list[str] | None, typer.Option(help="End before this string; may be given more than once.")] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="Texts to draw.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed draws the same texts.")] = 0,
    watermark_key: Annotated[int | None, typer.Option(help="Mark the text with this green-list key.")] = None,
    watermark_scheme: WatermarkSchemeOption = "selfhash",
    watermark_gamma: WatermarkGammaOption = 0.25,
    watermark_bias: Annotated[float, typer.Option(help="Added to the logits of green tokens.")] = 2.0,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read the whole text again for every token.")] = False,
    as_json: JsonOption = False,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Sample text from a model, to see how machines write."""
    from detector.generation import SamplingSettings, generate
    from detector.models import LanguageModel

    settings = SamplingSettings(
        temperature,
        top_k,
        top_p,
        frequency_penalty,
        presence_penalty,
        penalty_form,
        greedy,
    )
    beginning = sys.stdin.read() if prompt == "-" else prompt
    language_model = LanguageModel.load(model, device, dtype, offline)
    mark = None
    if watermark_key is not None:
        from detector.watermark import GreenList

        vocabulary = language_model.vocabulary_size
        mark = GreenList(vocabulary, watermark_key, watermark_gamma, watermark_scheme).marker(watermark_bias)
    stream = n == 1 and not as_json
    if stream:
        print(beginning, end="", flush=True)
    drawn = generate(
        language_model,
        [beginning] * n,
        max_tokens=max_tokens,
        settings=settings,
        seed=seed,
        stop=stop or (),
        use_cache=not no_cache,
        adjust_logits=mark,
        on_text=(lambda _, new: print(new, end="", flush=True)) if stream else None,
    )
    if stream:
        print()
    for number, text in enumerate(drawn, start=1):
        if as_json:
            _print_json({"schema_version": 1, "model": model, "seed": seed, **vars(text)})
        elif not stream:
            print(f"--- {number}\n{text.prompt}{text.text}")
        if text.stop_reason == "context_full" and not quiet:
            _say(f"The text fills the {language_model.window_tokens} tokens that {model} can read, so it ends there.")


@app.command(name="next")
@_guarded
def next_command(
    prompt: Annotated[str, typer.Argument(help="The beginning; - reads it from standard input.")],
    top: Annotated[int, typer.Option(min=1, help="Tokens to show.")] = 20,
    temperature: TemperatureOption = 1.0,
    top_k: TopKOption = None,
    top_p: TopPOption = 1.0,
    frequency_penalty: FrequencyOption = 0.0,
    presence_penalty: PresenceOption = 0.0,
    penalty_form: PenaltyFormOption = "divide",
    png: Annotated[Path | None, typer.Option(help="Draw the distribution (.png or .svg).")] = None,
    as_json: JsonOption = False,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
) -> None:
    """The sorted distribution of the token that follows a prompt, and what the settings make of it."""
    from detector.generation import SamplingSettings
    from detector.models import LanguageModel
    from detector.report.next_tokens import draw_next_tokens, next_tokens, print_next_tokens, to_record
    from detector.report.picture import check_picture_path

    if png is not None:
        check_picture_path(png)
    settings = SamplingSettings(
        temperature,
        top_k,
        top_p,
        frequency_penalty,
        presence_penalty,
        penalty_form,
    )
    language_model = LanguageModel.load(model, device, dtype, offline)
    found = next_tokens(language_model, sys.stdin.read() if prompt == "-" else prompt, settings)
    if as_json:
        _print_json(to_record(found, top))
    else:
        print_next_tokens(found, top)
    if png is not None:
        draw_next_tokens(language_model, found, sorted({0.5, 1.0, 1.5, temperature}), png)


@app.command()
@_guarded
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A text file; - is standard input.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    png: Annotated[Path | None, typer.Option(help="Draw the token probabilities of both (.png or .svg).")] = None,
    as_json: JsonOption = False,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """The statistics of two texts side by side, and their token probabilities in one picture."""
    from detector.documents.reading import read_source
    from detector.errors import InputError
    from detector.models import LanguageModel
    from detector.report.picture import check_picture_path
    from detector.report.two_texts import draw_comparison, print_comparison, to_record
    from detector.scoring import score_texts

    if png is not None:
        check_picture_path(png)
    sources = [read_source(path) for path in (first, second)]
    for path, source in zip((first, second), sources, strict=True):
        for warning in () if quiet else source.warnings:
            _say(warning)
        if not source.text.strip():
            raise InputError(f"{path} is empty, so there is nothing to compare.")
    language_model = LanguageModel.load(model, device, dtype, offline)
    left, right = score_texts(language_model, [source.text for source in sources])
    if as_json:
        _print_json(to_record((first, second), (left, right)))
    else:
        print_comparison((first, second), (left, right))
    if png is not None:
        draw_comparison((first, second), (left, right), png)


def _whole_numbers(listed: str) -> tuple[int, ...]:
    from detector.errors import UsageError

    try:
        return tuple(int(part) for part in listed.split(","))
    except ValueError:
        raise UsageError(f"{listed!r} is no list of whole numbers parted by commas.") from None


@app.command()
@_guarded
def watermark(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A text file; - is standard input.")],
    key: Annotated[int | None, typer.Option(help="The green-list key the text may be marked with.")] = None,
    synthid_keys: Annotated[
        str | None, typer.Option(help="Test for SynthID-Text instead: its keys, parted by commas.")
    ] = None,
    ngram_length: Annotated[int, typer.Option(help="Of SynthID-Text.")] = 5,
    gamma: WatermarkGammaOption = 0.25,
    scheme: WatermarkSchemeOption = "selfhash",
    as_json: JsonOption = False,
    model: ModelOption = "default",
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Test a text for a watermark, given its key and the model whose tokenizer it was made with."""
    from detector.documents.reading import read_source
    from detector.errors import UsageError
    from detector.models import LanguageModel
    from detector.report.watermark import print_result, print_synthid, synthid_record, to_record
    from detector.watermark import GreenList, SynthId, detect_green_list, detect_synthid

    if (key is None) == (synthid_keys is None):
        raise UsageError(
            "A watermark is found with its key alone; give it as --key NUMBER, or --synthid-keys NUMBER,NUMBER... for "
            "SynthID-Text, one of the two."
        )
    source = read_source(path)
    for warning in () if quiet else source.warnings:
        _say(warning)
    language_model = LanguageModel.load(model, "cpu", offline=offline)
    if key is None:
        mark = SynthId(_whole_numbers(synthid_keys or ""), ngram_length)
        result = detect_synthid(mark, language_model.encoder.encode(source.text)[0].tolist())
        if as_json:
            _print_json(synthid_record(result))
        else:
            print_synthid(result)
        return
    green_list = GreenList(language_model.vocabulary_size, key, gamma, scheme)
    ids, starts, ends = language_model.encoder.encode(source.text)
    found = detect_green_list(green_list, ids.tolist())
    if as_json:
        _print_json(to_record(found, green_list, list(zip(starts.tolist(), ends.tolist(), strict=True))))
    else:
        print_result(found, green_list)


@app.command()
@_guarded
def methods(as_json: JsonOption = False) -> None:
    """Every statistic by name: which way machine text tends, its unit, and what it needs."""
    from detector.report.method_table import method_records, print_methods

    if as_json:
        for record in method_records():
            _print_json(record)
    else:
        print_methods()


@app.command()
@_guarded
def doctor(as_json: JsonOption = False, model: ModelOption = "default") -> int:
    """Versions, devices, the models found, and whether the network would be needed."""
    from detector.report.doctor import examine, print_findings

    findings = examine(model)
    if as_json:
        _print_json(findings)
    else:
        print_findings(findings)
    return 0 if findings["model"]["ready"] else 4


def main() -> None:
    """Entry point of ``detect``."""
    if sys.stdout is None:  # closed by the caller
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it lives as long as the program
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows "?"
    try:
        app()
    except KeyboardInterrupt:
        _say("Interrupted.")
        sys.exit(130)


if __name__ == "__main__":
    main()
