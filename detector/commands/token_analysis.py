"""The analysis of a whole vocabulary, as ``detect tokens`` has it made, proved and shown."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from detector.commands.options import given, print_json, say
from detector.commands.waiting import progress_bar
from detector.errors import DetectorError

if TYPE_CHECKING:
    from detector.commands.token_options import Evidence, Output, Prompting
    from detector.models import LanguageModel
    from detector.progress import OnProgress
    from detector.vocabulary.analysis_record import VocabularyAnalysis
    from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis
    from detector.vocabulary.verification import OnStage
    from detector.vocabulary.verification_record import Verification


def analyse_and_show(
    folder: Path,
    model: str,
    load: "Callable[[], LanguageModel]",
    output: "Output",
    evidence: "Evidence",
    prompting: "Prompting",
    seed: int,
    quiet: bool,
) -> int:
    """The exit code; ``load`` is called where suspects are to be prompted."""
    with progress_bar("Reading the vocabulary", quiet):
        analysis, tokenizer = _analyse(folder, model, evidence)
    if output.out is not None:
        analysis.save(output.out)  # before the long part, so that breaking it off loses nothing
        prompting = replace(prompting, ledger=prompting.ledger or output.out.with_suffix(".ledger"))
    verification, failure = None, None
    if prompting.verify:
        try:
            verification = verify_suspects(load(), analysis, tokenizer, prompting, seed, quiet)
        except KeyboardInterrupt:
            say(_what_is_kept(output.out, prompting.ledger))
            raise
        except DetectorError as error:  # the analysis is done, and is shown whatever became of the prompting
            failure = error
    if verification is not None:
        analysis = analysis.with_verification(verification.to_dict())
        if output.out is not None:
            analysis.save(output.out)
    _show(analysis, tokenizer, verification, output)
    if not (prompting.verify or quiet or output.as_json) and len(analysis.suspects()):
        say("These are suspects; --verify asks the model itself.")
    if failure is not None:
        say(str(failure))
        return failure.exit_code
    return 0


def _analyse(folder: Path, model: str, evidence: "Evidence") -> "tuple[VocabularyAnalysis, TokenizerAnalysis]":
    from detector.documents.reading import read_source
    from detector.documents.reading_limits import MOST_CHARACTERS_OF_A_SAMPLE
    from detector.vocabulary.analysis import analyse_vocabulary
    from detector.vocabulary.model_source import load_tokenizer
    from detector.vocabulary.token_choice import parse_range

    paths, reference = evidence.sample or [], evidence.reference
    texts = [read_source(str(path), MOST_CHARACTERS_OF_A_SAMPLE).text for path in paths]
    rows = None if reference is None else np.array(parse_range(reference, 1 << 30), dtype=np.int32)
    names = ", ".join(path.name for path in paths) or None
    return analyse_vocabulary(folder, load_tokenizer(folder), model, texts or None, names, rows)


def verify_suspects(
    language_model: "LanguageModel",
    analysis: "VocabularyAnalysis",
    tokenizer: "TokenizerAnalysis",
    prompting: "Prompting",
    seed: int,
    quiet: bool,
) -> "Verification":
    """Prompt the suspects, the worst first."""
    from detector.vocabulary.analysis import order_to_verify
    from detector.vocabulary.verification import verify
    from detector.vocabulary.verification_record import VerificationSettings

    settings = VerificationSettings(most=prompting.most, seed=seed, **given(sample=prompting.drawn))
    order = order_to_verify(analysis, language_model.vocabulary_size, settings.seed)
    if not analysis.indicators_used and not quiet:
        by = "the least standing after all merges first" if analysis.least_standing(1) else "in a random order"
        say(f"Without a ranking, tokens are prompted {by}.")
    likeness = analysis.training_counts if analysis.training_counts is not None else analysis.estimated_standing
    if likeness is not None:
        likeness = np.nan_to_num(np.asarray(likeness, dtype=np.float64), nan=0.0)
    with _bar_a_stage(quiet) as on_stage:
        return verify(
            language_model,
            tokenizer,
            order,
            settings,
            unused=() if analysis.reference is None else analysis.reference.ids,
            at_floor=analysis.at_floor if analysis.indicators_used else None,
            likeness=likeness,
            ledger=prompting.ledger,
            on_stage=on_stage,
        )


@contextmanager
def _bar_a_stage(quiet: bool) -> "Iterator[OnStage]":
    """A bar for each stage, on standard error, where someone is looking at it."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=quiet or not sys.stderr.isatty(), transient=True) as progress:

        def on_stage(stage: str) -> "OnProgress":
            bar = progress.add_task(f"Prompting: {stage}", total=None)
            return lambda done, total: progress.update(bar, completed=done, total=total)

        yield on_stage


def _what_is_kept(out: Path | None, ledger: Path | None) -> str:
    if ledger is None:
        return "Nothing of the prompting is kept; with --ledger FILE a run goes on where it was broken off."
    saved = f"The analysis is in {out}. " if out is not None else ""
    return f"{saved}What was prompted is kept in {ledger}; the same command goes on from there."


def _show(
    analysis: "VocabularyAnalysis",
    tokenizer: "TokenizerAnalysis",
    verification: "Verification | None",
    output: "Output",
) -> None:
    from detector.report.tokens.analysis import print_analysis, to_record

    if output.html is not None:
        from detector.report.tokens.page import vocabulary_page

        output.html.write_text(vocabulary_page(analysis), encoding="utf-8")
    if output.as_json:
        print_json(to_record(analysis))
        return
    from detector.report.terminal import make_console
    from detector.report.tokens.verification import verification_lines

    lines = verification_lines(verification, tokenizer) if verification else iter(())
    print_analysis(make_console(), analysis, output.top, lines)
