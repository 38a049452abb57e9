"""``parts`` and ``extend`` of ``python -m detector.training``: whose each sentence is, and references for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from detector.evaluation.labelled_texts import LabelledText
    from detector.models.language_model import LanguageModel
    from detector.training.edited_texts import EditedText
    from detector.training.extent_fit import EditedStates
    from detector.training.mixtures import Mixture
    from detector.verdict.features import Series
    from detector.verdict.probe_model import ProbeModel

Detection = Annotated[Path, typer.Argument(help="Folder of labelled data sets (NAME.jsonl or .jsonl.zst).")]
Cache = Annotated[Path, typer.Option(help="File that keeps scores and pooled states; a broken-off run goes on.")]
Model = Annotated[str, typer.Option(help="Model folder or name.")]
Dtype = Annotated[str, typer.Option(help="Number format of the pass.")]


def parts(
    detection: Detection,
    corpus: Annotated[Path, typer.Argument(help="The corpus folder, for human texts of every register.")],
    table: Annotated[Path, typer.Argument(help="Table that `features` wrote.")],
    cache: Cache,
    probe: Annotated[Path, typer.Option(help="Probe that `probe` wrote.")],
    out: Annotated[Path, typer.Option(help="Probe to write, with its outputs for parts and edits (.safetensors).")],
    out_table: Annotated[
        Path, typer.Option(help="Table to write, with the new evidence; `extend` measures its parts.")
    ],
    most: Annotated[int, typer.Option(help="Most mixed texts that fit the probe of parts, chosen by hash.")] = 1480,
    model: Model = "smollm2",
    dtype: Dtype = "float32",
) -> None:
    """Fit what tells parts by different authors apart, and how far a text was edited."""
    from dataclasses import replace

    import numpy as np

    from detector.documents.hashing import unit_hash
    from detector.evaluation.feature_table import FeatureTable
    from detector.models import LanguageModel
    from detector.training.edited_texts import edited_texts, reworked_texts
    from detector.training.extent_fit import edited_states, fit_edits
    from detector.training.mixtures import CHAIN_TEXTS, CHAIN_WORDS, LOCAL_TEXTS, LOCAL_WORDS, mixtures
    from detector.training.parts_fit import fit_levels, fit_part_probe
    from detector.training.score_cache import cached_states
    from detector.verdict.probe_model import ProbeModel

    first = ProbeModel.load(probe)
    layers = first.probe.layers
    language_model = LanguageModel.load(model, dtype=dtype)
    local = mixtures(detection, "fit", "voice", LOCAL_TEXTS, LOCAL_WORDS, seed="sv")
    local.sort(key=lambda mixture: unit_hash("o" + mixture.spliced.text[:99]))
    local = local[:most]
    typer.echo(f"{len(local)} mixed texts for the probe of parts", err=True)
    states = cached_states(language_model, [m.spliced.text for m in local], cache, layers, _told)
    evidence = fit_part_probe(
        [(mixture.spliced, one.states, one.end_char) for mixture, one in zip(local, states, strict=True)], layers
    )

    def pooled(texts: "Sequence[EditedText]", read: tuple[int, ...]) -> "EditedStates":
        typer.echo(f"{len(texts)} edited texts", err=True)
        scored = cached_states(language_model, [text.text for text in texts], cache, read, _told)
        return edited_states(texts, [one.states for one in scored])

    edits = fit_edits(pooled(edited_texts(detection), layers), pooled(reworked_texts(detection, corpus), layers[:1]))
    fitted = first.with_parts(evidence, (edits.weights, edits.bias))
    fitted.save(out)
    chain = mixtures(detection, "fit", "fit", CHAIN_TEXTS, CHAIN_WORDS, seed="sf")
    typer.echo(f"{len(chain)} mixed texts for their levels", err=True)
    weights = fit_levels(_series_of(language_model, chain, fitted, cache))
    old = FeatureTable.load(table)
    unknown = np.full(len(old.n_tokens), np.nan)
    replace(
        old,
        evidence=weights,
        parts_fingerprint=fitted.parts_fingerprint,
        extent=edits.scale,
        strongest_machine=unknown,
        strongest_human=unknown,
        contrast=unknown,
    ).save(out_table)


def extend(
    table: Annotated[Path, typer.Argument(help="Table to extend, that `parts` wrote.")],
    detection: Detection,
    corpus: Annotated[Path, typer.Argument(help="The corpus folder, for held-out human references.")],
    cache: Cache,
    probe: Annotated[Path, typer.Option(help="Probe that `parts` wrote.")],
    out: Annotated[Path, typer.Option(help="Table to write (.parquet).")],
    long: Annotated[int, typer.Option(help="Most further human references of about 430 tokens.")] = 1075,
    medium: Annotated[int, typer.Option(help="Most of about 270 tokens.")] = 560,
    long_validation: Annotated[int, typer.Option(help="The same of the validation split, about 430 tokens.")] = 700,
    medium_validation: Annotated[int, typer.Option(help="And of about 270 tokens.")] = 400,
    machines: Annotated[int, typer.Option(help="Most machine texts that calibrate whose parts are measured.")] = 300,
    dev: Annotated[int, typer.Option(help="Most texts of each label that judge whose parts are measured.")] = 300,
    quick: Annotated[bool, typer.Option("--quick", help="The table is one for quick reading, without parts.")] = False,
    model: Model = "smollm2",
    dtype: Dtype = "float32",
) -> None:
    """Add human references to a table, and measure the strongest parts of texts that it holds."""
    from detector.evaluation.feature_table import FeatureTable
    from detector.models import LanguageModel
    from detector.training.feature_table import build_table
    from detector.training.more_references import (
        more_references,
        references_of_validation,
        whose_parts_are_measured,
    )
    from detector.verdict.lexical import LexicalModel
    from detector.verdict.probe_model import ProbeModel

    old = FeatureTable.load(table)
    read = ProbeModel.load(probe)
    if (read.fingerprint, read.parts_fingerprint) != (old.probe_fingerprint, old.parts_fingerprint):
        raise typer.BadParameter("the probe is not the one that the table was made with", param_hint="--probe")
    language_model = LanguageModel.load(model, dtype=dtype)

    def measured(labelled: "Sequence[tuple[str, LabelledText]]") -> FeatureTable:
        return build_table(
            language_model, labelled, cache, LexicalModel.load(), read, _told, old.evidence,
            layers=read.probe.layers, quick=quick,
        )  # fmt: skip

    extended = old
    if read.knows_parts:
        known = whose_parts_are_measured(detection, old, machines, dev)
        typer.echo(f"parts of {len(known)} texts of the table are measured", err=True)
        extended = old.with_parts_of(measured(known))
    added = more_references(detection, corpus, old, long, medium)
    added += references_of_validation(detection, corpus, old, long_validation, medium_validation)
    typer.echo(f"{len(added)} further human references", err=True)
    extended.joined(measured([("calibrate", text) for text in added])).save(out)


def _series_of(
    language_model: "LanguageModel", mixed: "Sequence[Mixture]", probe: "ProbeModel", cache: Path
) -> "list[tuple[Series, NDArray[np.bool_]]]":
    """Columns of mixed texts and whether a machine wrote each token."""
    import numpy as np

    from detector.training.feature_table import series_of_scored
    from detector.training.score_cache import cached_scores
    from detector.verdict.lexical import LexicalModel

    texts, lexical_model = [mixture.spliced.text for mixture in mixed], LexicalModel.load()
    scored = cached_scores(language_model, texts, cache, _told, probe.probe.layers)
    return [
        (
            series_of_scored(mixture.spliced.text, one, len(one.scores), lexical_model, probe.probe),
            mixture.spliced.is_machine_at(one.scores.end_char.astype(np.int64) - 1),
        )
        for mixture, one in zip(mixed, scored, strict=True)
    ]


def _told(done: int, total: int) -> None:
    typer.echo(f"{done} of {total} texts scored", err=True)
