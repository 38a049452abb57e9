"""The command line: parse, call, print. ``detect essay.txt`` and the subcommands live side by side."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
    baseline: Annotated[
        Path | None, typer.Option(help="Folder of earlier texts by the same writer, to compare with.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which features and sentences moved the score.")
    ] = False,
    quiet: QuietOption = False,
) -> int:
    """The verdict on each file; this is the default command.

    It is one of human, machine, mixed, inconclusive and unscored.
    """
    if png is not None:
        from detector.errors import UsageError
        from detector.report.picture import check_picture_path

        if len(paths) != 1:
            raise UsageError(f"--png draws one file, and {len(paths)} were given.")
        check_picture_path(png)
    from detector.verdict.detector import Detector
    from detector.verdict.files import detect_files

    detector = Detector.load(model, device, dtype, offline, target_fpr, calibration)
    earlier = _earlier_texts(baseline) if baseline is not None else None
    show = _json_printer() if as_json else _text_printer(len(paths) == 1 and not quiet, explain)
    code = 0
    for result in _with_progress(detect_files(detector, paths), len(paths), quiet):
        unreadable = result.reason == "unreadable"
        if earlier is not None:
            result = _with_baseline(detector, result, earlier)
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


def _earlier_texts(folder: Path) -> list[str]:
    from detector.documents.reading import read_folder

    return [source.text for source in read_folder(folder)]


def _with_baseline(detector: Any, result: Any, earlier: list[str]) -> Any:
    """The result with the comparison, or with a warning that says why there is none."""
    from dataclasses import replace

    from detector.errors import InputError
    from detector.verdict.baseline import compare_with_earlier

    if result.evidence is None:
        return result
    try:
        return replace(result, baseline=compare_with_earlier(detector, result.evidence.text, earlier))
    except InputError as error:
        return replace(result, warnings=(*result.warnings, str(error)))


def _text_printer(show_text: bool, explain: bool = False) -> Callable[[Any], None]:
    from detector.report.terminal import make_console, print_result

    console = make_console()
    return lambda result: print_result(console, result, show_text, explain)


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
    """Log-probability, rank and entropy of every token.

    The text is taken as it stands, layout and quotes included.
    """
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


# None where an option was left out, so that one which would have no effect can be refused where it was given.
TemperatureOption = Annotated[
    float | None, typer.Option(help="Above 1 flattens the distribution, below 1 sharpens it.", show_default="1")
]
TopKOption = Annotated[int | None, typer.Option(help="Keep the k likeliest tokens.", show_default="all")]
TopPOption = Annotated[
    float | None, typer.Option(help="Keep the fewest tokens whose probability reaches p.", show_default="1")
]
FrequencyOption = Annotated[float, typer.Option(help="Penalty for each time a token stands in the text already.")]
PresenceOption = Annotated[float, typer.Option(help="Penalty for tokens that stand in the text at all.")]
WatermarkSchemeOption = Annotated[
    str | None,
    typer.Option(help="lefthash, minhash, skipgram, selfhash, selfhash_transformers.", show_default="selfhash"),
]
WatermarkGammaOption = Annotated[
    float | None, typer.Option(help="Share of the vocabulary that is green.", show_default="0.25")
]
PenaltyFormOption = Annotated[str, typer.Option(help="divide (moved to a positive range first) or subtract.")]


def _given(**options: Any) -> dict[str, Any]:
    """The options that were not left out."""
    return {name: value for name, value in options.items() if value is not None}


def _refuse(options: dict[str, Any], because: str, instead: str) -> None:
    """Raise ``UsageError`` if any of ``options``, by their spelling, was given; it would be ignored without a word."""
    from detector.errors import UsageError

    if given := list(_given(**options)):
        named = given[0] if len(given) == 1 else f"{', '.join(given[:-1])} and {given[-1]}"
        raise UsageError(f"{because}, so {named} would have no effect. {instead}")


def _prompt_text(prompt: str, quiet: bool) -> str:
    """The prompt, or standard input for ``-``, read as a file is, without the newline that ends its last line."""
    from detector.documents.reading import STANDARD_INPUT, read_source

    if prompt != STANDARD_INPUT:
        return prompt
    source = read_source(prompt)
    for warning in () if quiet else source.warnings:
        _say(warning)
    return source.text.removesuffix("\n").removesuffix("\r")


@app.command()
@_guarded
def generate(
    prompt: Annotated[str, typer.Option(help="The beginning; - reads it from standard input.")] = "",
    max_tokens: Annotated[int, typer.Option(help="Tokens to draw at most.")] = 200,
    temperature: TemperatureOption = None,
    top_k: TopKOption = None,
    top_p: TopPOption = None,
    frequency_penalty: FrequencyOption = 0.0,
    presence_penalty: PresenceOption = 0.0,
    penalty_form: PenaltyFormOption = "divide",
    greedy: Annotated[bool, typer.Option("--greedy", help="Always the likeliest token.")] = False,
    stop: Annotated[list[str] | None, typer.Option(help="End before this string; may be given more than once.")] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="Texts to draw.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed draws the same texts.")] = 0,
    watermark_key: Annotated[int | None, typer.Option(help="Mark the text with this green-list key.")] = None,
    watermark_scheme: WatermarkSchemeOption = None,
    watermark_gamma: WatermarkGammaOption = None,
    watermark_bias: Annotated[
        float | None, typer.Option(help="Added to the logits of green tokens.", show_default="2")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read the whole text again for every token.")] = False,
    as_json: JsonOption = False,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Sample text from a model, to see how machines write."""
    from detector.errors import UsageError
    from detector.generation import SamplingSettings, check_prompt, check_request, generate
    from detector.models import LanguageModel

    # Everything is checked before the prompt is shown: standard output stays empty when a command fails.
    if greedy:
        cuts = {"--temperature": temperature, "--top-k": top_k, "--top-p": top_p}
        _refuse(cuts, "--greedy always takes the likeliest token", "Leave out one or the other.")
    if temperature == 0:
        raise UsageError(
            "The temperature is 0; it must be a finite number above 0. For the likeliest token always, give --greedy "
            "instead."
        )
    if watermark_key is None:
        marking = {
            "--watermark-scheme": watermark_scheme,
            "--watermark-gamma": watermark_gamma,
            "--watermark-bias": watermark_bias,
        }
        _refuse(marking, "There is no --watermark-key and the text is not marked", "Give the key, a whole number.")
    settings = SamplingSettings(
        **_given(temperature=temperature, top_k=top_k, top_p=top_p),
        frequency_penalty=frequency_penalty,
        presence_penalty=presence_penalty,
        penalty_form=penalty_form,
        greedy=greedy,
    )
    check_request(max_tokens, seed, stop or ())
    beginning = _prompt_text(prompt, quiet)
    language_model = LanguageModel.load(model, device, dtype, offline)
    mark = None
    if watermark_key is not None:
        from detector.watermark import GreenList

        green_list = GreenList(
            language_model.vocabulary_size, watermark_key, **_given(gamma=watermark_gamma, scheme=watermark_scheme)
        )
        mark = green_list.marker(**_given(bias=watermark_bias))
    check_prompt(language_model, beginning)
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
    top: Annotated[int, typer.Option(min=1, help="Tokens to show; a picture shows 60 at most.")] = 20,
    temperature: TemperatureOption = None,
    top_k: TopKOption = None,
    top_p: TopPOption = None,
    frequency_penalty: FrequencyOption = 0.0,
    presence_penalty: PresenceOption = 0.0,
    penalty_form: PenaltyFormOption = "divide",
    png: Annotated[Path | None, typer.Option(help="Draw the distribution (.png or .svg).")] = None,
    as_json: JsonOption = False,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """The likeliest next tokens, and what the settings make of them.

    The distribution of the token that follows a prompt is sorted by the model's own probability.
    """
    from detector.generation import SamplingSettings
    from detector.models import LanguageModel
    from detector.report.next_tokens import draw_next_tokens, next_tokens, print_next_tokens, to_record
    from detector.report.picture import check_picture_path

    if png is not None:
        check_picture_path(png)
    settings = SamplingSettings(
        **_given(temperature=temperature, top_k=top_k, top_p=top_p),
        frequency_penalty=frequency_penalty,
        presence_penalty=presence_penalty,
        penalty_form=penalty_form,
    )
    beginning = _prompt_text(prompt, quiet)
    language_model = LanguageModel.load(model, device, dtype, offline)
    found = next_tokens(language_model, beginning, settings)
    if as_json:
        _print_json(to_record(found, top))
    else:
        print_next_tokens(found, top)
    if png is not None:
        draw_next_tokens(language_model, found, settings, top, png)


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
    """The statistics of two texts side by side.

    --png overlays their token probabilities in one picture.
    """
    from detector.documents.reading import STANDARD_INPUT, read_source
    from detector.errors import InputError, UsageError
    from detector.models import LanguageModel
    from detector.report.picture import check_picture_path
    from detector.report.two_texts import cautions, draw_comparison, print_comparison, to_record
    from detector.scoring import score_texts

    if first == second == STANDARD_INPUT:
        raise UsageError("Both texts are -, and standard input can be only one of the two. Give a file for the other.")
    if png is not None:
        check_picture_path(png)
    sources = [read_source(path) for path in (first, second)]
    for path, source in zip((first, second), sources, strict=True):
        for warning in () if quiet else source.warnings:
            _say(warning)
        if not source.text.strip():
            name = "Standard input" if path == STANDARD_INPUT else path
            raise InputError(f"{name} is empty, so there is nothing to compare.")
    language_model = LanguageModel.load(model, device, dtype, offline)
    left, right = score_texts(language_model, [source.text for source in sources])
    for caution in () if quiet else cautions((first, second), (left, right)):
        _say(caution)
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
        raise UsageError(f"{listed!r} is no list of whole numbers parted by commas, such as 3,14,15.") from None


@app.command()
@_guarded
def watermark(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A text file; - is standard input.")],
    key: Annotated[int | None, typer.Option(help="The green-list key the text may be marked with.")] = None,
    synthid_keys: Annotated[
        str | None, typer.Option(help="Test for SynthID-Text instead: its keys, parted by commas.")
    ] = None,
    ngram_length: Annotated[int | None, typer.Option(help="Of SynthID-Text.", show_default="5")] = None,
    gamma: WatermarkGammaOption = None,
    scheme: WatermarkSchemeOption = None,
    as_json: JsonOption = False,
    model: ModelOption = "default",
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> int:
    """Test a text for a watermark, given its key.

    The model must be the one whose tokenizer the marked text was made with.
    """
    from detector.documents.reading import read_source
    from detector.errors import UsageError
    from detector.models import LanguageModel
    from detector.report import watermark as report
    from detector.watermark import GreenList, SynthId, detect_green_list, detect_synthid

    if (key is None) == (synthid_keys is None):
        raise UsageError(
            "A watermark is found with its key alone; give it as --key NUMBER, or --synthid-keys NUMBER,NUMBER... for "
            "SynthID-Text, one of the two."
        )
    synthid = None
    if synthid_keys is None:
        _refuse({"--ngram-length": ngram_length}, "--key tests for a green list", "Leave out one or the other.")
    else:
        green = {"--gamma": gamma, "--scheme": scheme}
        _refuse(green, "--synthid-keys tests for SynthID-Text", "Leave out one or the other.")
        synthid = SynthId(_whole_numbers(synthid_keys), **_given(ngram_length=ngram_length))
    source = read_source(path)
    for warning in () if quiet else source.warnings:
        _say(warning)
    is_empty = not source.text.strip()
    language_model = LanguageModel.load(model, "cpu", offline=offline)
    ids, starts, ends = language_model.encoder.encode("" if is_empty else source.text)
    if synthid is not None:
        leaning = detect_synthid(synthid, ids.tolist())
        conclusion = report.conclude(leaning, is_empty)
        record = report.synthid_record(leaning, conclusion)
        lines = [] if conclusion.reason else report.synthid_lines(leaning)
    else:
        assert key is not None  # noqa: S101 - one of the two was given
        green_list = GreenList(language_model.vocabulary_size, key, **_given(gamma=gamma, scheme=scheme))
        found = detect_green_list(green_list, ids.tolist())
        conclusion = report.conclude(found, is_empty)
        spans = list(zip(starts.tolist(), ends.tolist(), strict=True))
        record = report.green_list_record(found, green_list, spans, conclusion)
        lines = [] if conclusion.reason else report.green_list_lines(found, green_list)
    if as_json:
        _print_json(record)
    if conclusion.reason is not None:
        _say(f"{source.path or 'standard input'} was not tested: {conclusion.explanation}")
        return 3
    if not as_json:
        print("\n".join([*lines, conclusion.explanation]))
    return 0


@app.command()
@_guarded
def methods(as_json: JsonOption = False) -> None:
    """Every statistic by name, with direction, unit and need.

    The direction is the one machine text tends to; the need is what must be computed beyond one pass.
    """
    from detector.report.method_table import method_records, print_methods

    if as_json:
        for record in method_records():
            _print_json(record)
    else:
        print_methods()


DataArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help=".jsonl files: text, label (human or machine), pair_id.")
]
CacheOption = Annotated[
    Path | None, typer.Option(help="File that keeps token scores, so that a broken-off run goes on; delete it at will.")
]


@app.command()
@_guarded
def train(
    data: DataArgument,
    out: Annotated[Path, typer.Option(help="Classifier to write (.json); a card (.md) is put beside it.")],
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    cache: CacheOption = None,
    quiet: QuietOption = False,
) -> None:
    """Make a verdict for any model from your own labelled texts.

    Half of the pairs fit the classifier, the other half calibrate it.
    """
    from detector.models import LanguageModel
    from detector.training.own_data import train_classifier

    with _scoring_bar(quiet) as report:
        fitted = train_classifier(LanguageModel.load(model, device, dtype, offline), data, cache, report)
    _write_classifier(fitted, "train", data, out, model, quiet)


@app.command()
@_guarded
def calibrate(
    data: DataArgument,
    out: Annotated[Path, typer.Option(help="Classifier to write (.json); a card (.md) is put beside it.")],
    calibration: Annotated[
        Path | None, typer.Option(help="Classifier to start from; the embedded one if none.")
    ] = None,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    cache: CacheOption = None,
    quiet: QuietOption = False,
) -> None:
    """Take the false-alarm rates of a verdict from your own texts.

    The score is left as it is; its probabilities and p-values are measured on the labelled texts you give.
    """
    from detector.models import LanguageModel
    from detector.training.own_data import recalibrate
    from detector.verdict.classifier import Classifier
    from detector.verdict.detector import DEFAULT_CALIBRATION

    base = Classifier.load(calibration or DEFAULT_CALIBRATION)
    with _scoring_bar(quiet) as report:
        fitted = recalibrate(LanguageModel.load(model, device, dtype, offline), base, data, cache, report)
    _write_classifier(fitted, "calibrate", data, out, model, quiet)


@app.command()
@_guarded
def evaluate(
    data: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help=".jsonl files: text, label, pair_id.")
    ] = None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="The embedded classifier on the feature table of datasets/.")
    ] = False,
    calibration: Annotated[Path | None, typer.Option(help="Classifier to judge; the embedded one if none.")] = None,
    as_json: JsonOption = False,
    png: Annotated[Path | None, typer.Option(help="Draw error trade-off and reliability (.png or .svg).")] = None,
    model: ModelOption = "default",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    target_fpr: Annotated[float, typer.Option(help="Rate of false alarms allowed among human texts.")] = 0.01,
    cache: CacheOption = None,
    quiet: QuietOption = False,
) -> None:
    """How good a verdict is on labelled texts it has not seen."""
    from detector.errors import UsageError
    from detector.report.picture import check_picture_path
    from detector.verdict.classifier import Classifier
    from detector.verdict.detector import DEFAULT_CALIBRATION

    if shipped == bool(data):
        raise UsageError("Name labelled files to evaluate on, or --shipped for the feature table that comes with it.")
    if png is not None:
        check_picture_path(png)
    classifier = Classifier.load(calibration or DEFAULT_CALIBRATION)
    if shipped:
        from detector.training.feature_table import shipped_dev_rows

        table = shipped_dev_rows(classifier)
    else:
        from detector.models import LanguageModel
        from detector.training.own_data import evaluation_table

        with _scoring_bar(quiet) as report:
            table = evaluation_table(
                LanguageModel.load(model, device, dtype, offline), classifier, data or [], cache, report
            )
    from detector.evaluation.quality import verdict_quality
    from detector.report.quality import draw_quality, quality_json, quality_lines

    found = verdict_quality(classifier, table, target_fpr)
    if as_json:
        print(quality_json(found, target_fpr))
    else:
        for line in quality_lines(found, target_fpr):
            print(line)
    if png is not None:
        draw_quality(classifier, table, png)


def _write_classifier(fitted: Any, command: str, data: list[Path], out: Path, model: str, quiet: bool) -> None:
    """Write the classifier and its card, and say how it is used."""
    from detector.training.own_data import write_with_card

    write_with_card(fitted, out, data, f"detect {command} {' '.join(p.name for p in data)} --out {out.name}")
    if not quiet:
        _say(f"{out} is written; use it: detect ESSAY --model {model} --calibration {out}")


@contextmanager
def _scoring_bar(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error that is told (done, total)."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=quiet or not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("Scoring", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@app.command()
@_guarded
def doctor(as_json: JsonOption = False, model: ModelOption = "default") -> int:
    """What is installed and found, and whether a network is needed."""
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
