"""``detect tokens``: the tokens a model never learned."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detector.commands.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    OfflineOption,
    QuietOption,
    given,
    guarded,
    print_json,
    refuse,
    say,
)

if TYPE_CHECKING:
    from detector.models import LanguageModel
    from detector.vocabulary.analysis_record import VocabularyAnalysis
    from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis
    from detector.vocabulary.verification import Verification, VerificationSettings


@guarded
def tokens(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="'default' (embedded), a model folder, or a Hugging Face name.")
    ] = ("default"),
    as_json: JsonOption = False,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page.")] = None,
    out: Annotated[Path | None, typer.Option(help="Save the whole analysis (.json), to compare or to use.")] = None,
    top: Annotated[int, typer.Option(min=0, help="Suspects to show.")] = 30,
    sample: Annotated[
        list[Path] | None, typer.Option(help="Text file to count merge residue on; may be given more than once.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="Rows known to be untrained, START:END; found by itself otherwise.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Prove the suspects by prompting.")] = False,
    most: Annotated[int | None, typer.Option(min=1, help="Verify at most so many tokens.")] = None,
    drawn: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="With --verify: tokens drawn at random beyond the worst; more narrow the interval of the share found.",
            show_default="400",
        ),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(help="Keeps what prompting found, so that a broken-off run goes on.", show_default="beside --out"),
    ] = None,
    repeat: Annotated[str | None, typer.Option(help="Ask the model to repeat one token (id or text), instead.")] = None,
    induction: Annotated[
        str | None, typer.Option(help="Repeated random sequences over the ids START:END, instead.")
    ] = None,
    logits: Annotated[str | None, typer.Option(help="The logits of the ids START:END, instead.")] = None,
    png: Annotated[Path | None, typer.Option(help="With --induction: draw it (.png or .svg).")] = None,
    diff: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="A.json B.json", help="Compare two saved analyses, instead.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn at random.")] = 0,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "float32",
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> int:
    """Find the tokens a model never learned.

    The embeddings are read without loading the model; --verify loads it.
    """
    from detector.errors import DetectorError, UsageError
    from detector.vocabulary.model_source import check_memory, find_folder

    instead: dict[str, Any] = {"--repeat": repeat, "--induction": induction, "--logits": logits, "--diff": diff}
    asked = [name for name, value in instead.items() if value is not None]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} are different questions; ask one at a time.")
    if asked:
        whole: dict[str, Any] = {
            "--html": html,
            "--out": out,
            "--sample": sample or None,
            "--verify": verify or None,
            "--most": most,
            "--drawn": drawn,
        }
        whole |= {"--ledger": ledger, "--reference": reference}
        refuse(whole, f"{asked[0]} is no analysis of the whole vocabulary", "Leave out one or the other.")
    if induction is None:
        refuse({"--png": png}, "Only --induction has a picture", "Leave it out, or use --html.")
    if not verify:
        refuse(
            {"--most": most, "--drawn": drawn, "--ledger": ledger}, "Nothing is prompted without --verify", "Add it."
        )
    if diff is not None:
        _print_difference(diff, as_json)
        return 0
    if asked:
        from detector.models import LanguageModel

        check_memory(find_folder(model, offline), "Free some memory, or take a smaller model.")
        loaded = LanguageModel.load(model, device, dtype, offline)
        _print_experiment(loaded, repeat, induction, logits, seed, png, as_json)
        return 0
    _check_writable(html, out)
    folder = find_folder(model, offline)
    if verify:
        check_memory(folder, "Leave out --verify: the analysis reads the embeddings alone.")
    analysis, found = _analyse(folder, model, sample or [], reference)
    if out is not None:
        analysis.save(out)  # before the long part, so that breaking it off loses nothing
    verified, failed = None, None
    if verify:
        from detector.models import LanguageModel
        from detector.vocabulary.verification import VerificationSettings

        if ledger is None and out is not None:
            ledger = out.with_suffix(".ledger")
        try:
            settings = VerificationSettings(most=most, seed=seed, **given(sample=drawn))
            language_model = LanguageModel.load(model, device, dtype, offline)
            verified = _verify(language_model, analysis, found, settings, ledger, quiet)
        except KeyboardInterrupt:
            say(_what_is_kept(out, ledger))
            raise
        except DetectorError as error:  # the analysis is done, and is shown whatever became of the prompting
            failed = error
    if verified is not None:
        analysis = analysis.with_verification(verified.to_dict())
        if out is not None:
            analysis.save(out)
    if html is not None:
        from detector.report.tokens.page import vocabulary_page

        html.write_text(vocabulary_page(analysis), encoding="utf-8")
    _show(analysis, found, verified, as_json, top)
    if verified is None and failed is None and not (quiet or as_json) and len(analysis.suspects()):
        say("These are suspects; --verify asks the model itself.")
    if failed is not None:
        say(str(failed))
        return failed.exit_code
    return 0


def _what_is_kept(out: Path | None, ledger: Path | None) -> str:
    if ledger is None:
        return "Nothing of the prompting is kept; with --ledger FILE a run goes on where it was broken off."
    saved = f"The analysis is in {out}. " if out is not None else ""
    return f"{saved}What was prompted is kept in {ledger}; the same command goes on from there."


def _check_writable(html: Path | None, out: Path | None) -> None:
    """Refuse before the work rather than after it."""
    from detector.errors import UsageError

    for name, path in (("--html", html), ("--out", out)):
        if path is None:
            continue
        if name == "--html" and path.suffix.lower() != ".html":
            raise UsageError(f"--html writes .html files, and {path.name} is none.")
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(f"{name} {path}: there is no folder {path.parent}, or the name is that of a folder.")


def _analyse(
    folder: Path, model: str, sample: list[Path], reference: str | None
) -> "tuple[VocabularyAnalysis, TokenizerAnalysis]":
    import numpy as np

    from detector.documents.reading import read_source
    from detector.vocabulary.analysis import analyse_vocabulary
    from detector.vocabulary.model_source import load_tokenizer
    from detector.vocabulary.token_choice import parse_range

    texts = [read_source(str(path)).text for path in sample]
    rows = None if reference is None else np.array(parse_range(reference, 1 << 30), dtype=np.int32)
    names = ", ".join(path.name for path in sample) or None
    return analyse_vocabulary(folder, load_tokenizer(folder), model, texts or None, names, rows)


def _verify(
    language_model: "LanguageModel",
    analysis: "VocabularyAnalysis",
    found: "TokenizerAnalysis",
    settings: "VerificationSettings",
    ledger: Path | None,
    quiet: bool,
) -> "Verification":
    import numpy as np

    from detector.vocabulary.analysis import order_to_verify
    from detector.vocabulary.verification import verify

    order = order_to_verify(analysis, language_model.vocabulary_size, settings.seed)
    if not analysis.indicators_used and not quiet:
        by = "the least standing after all merges first" if analysis.least_standing(1) else "in a random order"
        say(f"Without a ranking, tokens are prompted {by}.")
    likeness = analysis.training_counts if analysis.training_counts is not None else analysis.estimated_standing
    if likeness is not None:
        likeness = np.nan_to_num(np.asarray(likeness, dtype=np.float64), nan=0.0)
    with _stages(quiet) as report:
        return verify(
            language_model,
            found,
            order,
            settings,
            unused=() if analysis.reference is None else analysis.reference.ids,
            at_floor=analysis.at_floor if analysis.indicators_used else None,
            likeness=likeness,
            ledger=ledger,
            report=report,
        )


@contextmanager
def _stages(quiet: bool) -> Iterator[Any]:
    """A bar for each stage, on standard error, where someone is looking at it."""
    import sys

    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), disable=quiet or not sys.stderr.isatty(), transient=True) as progress:
        bars: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int | None) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(f"Prompting: {stage}", total=total)
            progress.update(bars[stage], completed=done, total=total)

        yield report


def _show(
    analysis: "VocabularyAnalysis",
    found: "TokenizerAnalysis",
    verified: "Verification | None",
    as_json: bool,
    top: int,
) -> None:
    from detector.report.tokens.analysis import print_analysis, to_record

    if as_json:
        print_json(to_record(analysis))
        return
    from detector.report.terminal import make_console
    from detector.report.tokens.verification import verification_lines

    lines = verification_lines(verified, found) if verified else iter(())
    print_analysis(make_console(), analysis, top, lines)


def _print_difference(paths: tuple[Path, Path], as_json: bool) -> None:
    from detector.report.tokens.analysis import difference_lines
    from detector.vocabulary.analysis_record import load_analysis
    from detector.vocabulary.difference import difference

    found = difference(load_analysis(paths[0]), load_analysis(paths[1]))
    if as_json:
        print_json(found.to_dict())
    else:
        print("\n".join(difference_lines(found)))


def _print_experiment(
    language_model: "LanguageModel",
    repeat: str | None,
    over: str | None,
    logits: str | None,
    seed: int,
    png: Path | None,
    as_json: bool,
) -> None:
    from detector.report.figures import check_picture_path
    from detector.report.tokens import experiments as report
    from detector.vocabulary.experiments import induction, range_logits, repetition
    from detector.vocabulary.in_context import in_context
    from detector.vocabulary.token_choice import parse_range, parse_token
    from detector.vocabulary.tokenizer_analysis import analyse_tokenizer

    if png is not None:
        check_picture_path(png)
    rows = language_model.vocabulary_size
    found: Any
    if over is not None:
        found = induction(language_model, parse_range(over, rows), seed=seed)
        lines = report.induction_lines(found)
        if png is not None:
            report.draw_induction(found, png)
    else:
        analysis = analyse_tokenizer(language_model.tokenizer)
        if repeat is not None:
            found = repetition(language_model, in_context(analysis, parse_token(analysis, repeat)), seed=seed)
            lines = report.repetition_lines(found, analysis)
        else:
            found = range_logits(language_model, parse_range(logits or "", rows), seed=seed)
            lines = report.range_logits_lines(found, analysis)
    if as_json:
        print_json(found.to_dict())
    else:
        print("\n".join(lines))
