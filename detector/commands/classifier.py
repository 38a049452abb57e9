"""``detect train``, ``detect calibrate``, ``detect evaluate``: a verdict from labelled texts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import detector
from detector.commands.options import (
    JsonOption,
    ModelChoice,
    QuietOption,
    TargetFprOption,
    guarded,
    say,
)
from detector.commands.waiting import progress_bar

if TYPE_CHECKING:
    from detector.verdict.classifier import Classifier
    from detector.verdict.probe_model import ProbeModel

_IN_CHECKOUT = (Path(detector.__file__).parents[1] / "datasets" / "features").is_dir()
"""Whether the feature tables are here; an installed package has none."""
DataArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help=".jsonl files: text, label (human or machine), pair_id.")
]
CacheOption = Annotated[
    Path | None, typer.Option(help="File that keeps token scores, so that a broken-off run goes on; delete it at will.")
]


@guarded
def train(
    data: DataArgument,
    out: Annotated[Path, typer.Option(help="Classifier to write (.json); a card (.md) is put beside it.")],
    cache: CacheOption = None,
    *,
    choice: ModelChoice,
    quiet: QuietOption = False,
) -> None:
    """Make a verdict for any model from your own labelled texts.

    Half of the pairs fit the classifier, the other half calibrate it.
    """
    from detector.training.own_data import train_classifier
    from detector.verdict.shipped import shipped_probe

    _check_outputs(out, cache)
    language_model = choice.load(quiet)
    with progress_bar("Scoring", quiet) as report:
        fitted = train_classifier(language_model, data, cache, report)
    probe_model = shipped_probe(language_model.fingerprint)
    _write_classifier(fitted, probe_model, "train", data, out, choice.model, quiet)


@guarded
def calibrate(
    data: DataArgument,
    out: Annotated[Path, typer.Option(help="Classifier to write (.json); a card (.md) is put beside it.")],
    calibration: Annotated[
        Path | None, typer.Option(help="Classifier to start from; the embedded one if none.")
    ] = None,
    cache: CacheOption = None,
    *,
    choice: ModelChoice,
    quiet: QuietOption = False,
) -> None:
    """Take the false-alarm rates of a verdict from your own texts.

    The score is left as it is; its probabilities and p-values are measured on the labelled texts you give.
    """
    from detector.training.own_data import recalibrate
    from detector.verdict.classifier import Classifier
    from detector.verdict.shipped import calibration_for, probe_beside

    _check_outputs(out, cache)
    path = calibration or calibration_for(choice.model)
    base = Classifier.load(path)
    probe_model = probe_beside(path, base)
    language_model = choice.load(quiet)
    with progress_bar("Scoring", quiet) as report:
        fitted = recalibrate(language_model, base, data, cache, report, probe_model)
    _write_classifier(fitted, probe_model, "calibrate", data, out, choice.model, quiet)


@guarded
def evaluate(
    data: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help=".jsonl files: text, label, pair_id.")
    ] = None,
    shipped: Annotated[
        bool,
        typer.Option(
            "--shipped",
            help="The embedded classifier on the feature table of datasets/, in a checkout of the source.",
            hidden=not _IN_CHECKOUT,
        ),
    ] = False,
    calibration: Annotated[Path | None, typer.Option(help="Classifier to judge; the embedded one if none.")] = None,
    as_json: JsonOption = False,
    png: Annotated[Path | None, typer.Option(help="Draw error trade-off and reliability (.png or .svg).")] = None,
    target_fpr: TargetFprOption = 0.01,
    cache: CacheOption = None,
    *,
    choice: ModelChoice,
    quiet: QuietOption = False,
) -> None:
    """How good a verdict is on labelled texts it has not seen."""
    from detector.errors import UsageError
    from detector.report.figures import check_picture_path
    from detector.verdict.classifier import Classifier
    from detector.verdict.shipped import calibration_for, probe_beside

    if shipped == bool(data):
        other = ", or --shipped for the feature table that comes with it" if _IN_CHECKOUT else ""
        raise UsageError(f"Name labelled files to evaluate on{other}.")
    if png is not None:
        check_picture_path(png)
    path = calibration or calibration_for(choice.model)
    classifier = Classifier.load(path)
    if shipped:
        from detector.evaluation.feature_table import shipped_dev_rows

        table = shipped_dev_rows(classifier)
    else:
        from detector.training.own_data import evaluation_table

        probe_model = probe_beside(path, classifier)
        language_model = choice.load(quiet)
        with progress_bar("Scoring", quiet) as report:
            table = evaluation_table(language_model, classifier, data or [], cache, report, probe_model)
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


def _check_outputs(out: Path, cache: Path | None) -> None:
    """Refuse before the work rather than after it: the classifier, its card, and what keeps the scores."""
    from detector.report.output_files import check_writable

    for path in (out, out.with_suffix(".md"), *([] if cache is None else [cache])):
        check_writable(path)


def _write_classifier(
    fitted: "Classifier",
    probe_model: "ProbeModel | None",
    command: str,
    data: list[Path],
    out: Path,
    model: str,
    quiet: bool,
) -> None:
    """Write the classifier, its card and its probe, and say how it is used."""
    from detector.training.own_data import write_with_card

    shown = f"detect {command} {' '.join(p.name for p in data)} --out {out.name}"
    write_with_card(fitted, out, data, shown, probe_model)
    if not quiet:
        say(f"{out} is written; use it: detect ESSAY --model {model} --calibration {out}")
