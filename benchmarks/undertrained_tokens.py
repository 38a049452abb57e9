"""Indicators, merge residue and verification of the embedded model against how often it saw every token.

    python benchmarks/undertrained_tokens.py [--sample TEXT ...] [--out reports/gallery] [--ledger FILE]

Every token of the vocabulary is prompted, so that the verification's true precision and recall are known;
then the sequential walk is taken over the same readings, to see whether its recall interval holds the truth.
The counts take no part in it: control tokens are matched by id, that is by merge rank.
Special tokens are left out, and so are the reference rows, since the indicators start from them. Writes
undertrained_tokens.png, .json and .txt to the folder. Takes some minutes; with --ledger a broken-off run goes on.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from detector import LanguageModel
from detector.evaluation.token_ground_truth import BELOW, PredictorQuality, SelectionQuality, judge_selection, measure
from detector.models.catalogue import SMALL_FOLDER
from detector.progress import OnProgress
from detector.report.tokens.ground_truth import Panel, draw_against_counts
from detector.vocabulary.analysis import VocabularyAnalysis, analyse_vocabulary, order_to_verify
from detector.vocabulary.tokenizer_analysis import TokenizerAnalysis
from detector.vocabulary.verification import OnStage, verify
from detector.vocabulary.verification_record import Verification, VerificationSettings

SAMPLES = Path(__file__).parents[1] / "datasets" / "samples"
WRITTEN = ("essay.txt", "letter.txt", "note.txt")
GALLERY = Path(__file__).parents[1] / "reports" / "gallery"


def verify_all(
    language_model: LanguageModel,
    tokenizer: TokenizerAnalysis,
    found: VocabularyAnalysis,
    ledger: Path,
    on_stage: OnStage,
) -> tuple[Verification, Verification]:
    """Every ranked token, and the walk with its default settings."""
    order = order_to_verify(found, language_model.vocabulary_size)
    never_ending = VerificationSettings(window=len(order) + 1, sample=0)
    unused = found.reference.ids.tolist() if found.reference else []
    known: dict[str, Any] = {"unused": unused, "at_floor": found.at_floor, "ledger": ledger}
    every_token = verify(language_model, tokenizer, order, never_ending, on_stage=on_stage, **known)
    return every_token, verify(language_model, tokenizer, order, **known)


def predictors(found: VocabularyAnalysis, every: Verification) -> dict[str, NDArray[np.float64]]:
    """By name, turned so that higher is more suspect."""
    table = {name: -values for name, values in found.indicators.items()}
    table["combined_score"] = found.score
    if found.estimated_standing is not None:
        table["merge_residue"] = -found.estimated_standing
    table["highest_prompted_probability"] = -by_id(every, len(found))
    table["prompted_lead_over_unused"] = -leads(every, len(found))
    return table


def by_id(every: Verification, size: int) -> NDArray[np.float64]:
    """Highest log-probability of each token, (vocabulary,); NaN where it was not prompted."""
    values = np.full(size, np.nan)
    for token in every.tokens:
        values[token.token_id] = token.max_log_prob_nats
    return values


def leads(every: Verification, size: int) -> NDArray[np.float64]:
    """Lead of each token over unused ones when prompted, (vocabulary,), in nats."""
    values = np.full(size, np.nan)
    for token in every.tokens:
        values[token.token_id] = np.nan if token.lead_nats is None else token.lead_nats
    return values


def table_lines(
    qualities: list[PredictorQuality], selections: list[SelectionQuality], counts: NDArray[np.integer]
) -> Iterator[str]:
    """Two Markdown tables."""
    headings = [f"seen {'0 times' if below == 1 else f'< {below}'} ({(counts < below).sum()})" for below in BELOW]
    yield f"| predictor | AUROC {' | AUROC '.join(headings)} | Spearman |"
    yield f"|---{'|---' * (len(BELOW) + 1)}|"
    for quality in sorted(qualities, key=lambda quality: -quality.auroc_below[10]):
        values = " | ".join(f"{quality.auroc_below[below]:.4f}" for below in BELOW)
        yield f"| {quality.name} | {values} | {quality.spearman:.3f} |"
    yield ""
    rates_of = [f"{rate} {heading}" for rate in ("precision", "recall") for heading in headings]
    yield f"| called under-trained | {' | '.join(rates_of)} |"
    yield f"|---{'|---' * (2 * len(BELOW))}|"
    for selection in selections:
        rates = [*selection.precision_below.values(), *selection.recall_below.values()]
        yield f"| {selection.name} | {' | '.join(f'{rate.share:.3f} ({rate.hits}/{rate.total})' for rate in rates)} |"


def walk_lines(walk: Verification, every: Verification) -> Iterator[str]:
    """What the walk says of itself, and the truth."""
    recall, confirmed = walk.recall, len(every.confirmed)
    low, high = recall.interval
    few, many = recall.beyond
    yield (
        f"The walk took {recall.walked} of {recall.walked + recall.rest} tokens and confirmed {recall.found}; of "
        f"{recall.sampled} drawn at random from the rest {recall.sampled_confirmed} were confirmed, so {few} to {many} "
        f"lie beyond (95 %) and the recall is {low:.3f} to {high:.3f}."
    )
    yield f"In truth {confirmed - recall.found} lie beyond: recall {recall.found / confirmed:.3f}."
    yield f"Ordinary tokens given back: {every.controls_echoed:.1%} of {len(every.control_log_prob_nats)}."


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=Path, nargs="*", default=[SAMPLES / name for name in WRITTEN])
    parser.add_argument("--out", type=Path, default=GALLERY)
    parser.add_argument("--ledger", type=Path)
    arguments = parser.parse_args()
    language_model = LanguageModel.load("small", device="cpu")
    texts = [path.read_text(encoding="utf-8") for path in arguments.sample]
    found, tokenizer = analyse_vocabulary(SMALL_FOLDER, language_model.tokenizer, "small", sample=texts)
    assert found.training_counts is not None, "the embedded model comes with its counts"  # noqa: S101
    start = time.perf_counter()

    def on_stage(stage: str) -> OnProgress:
        batches = count(1)

        def on_progress(done: int, total: int | None) -> None:
            if next(batches) % 20 == 0:
                print(f"{stage}: {done} tokens, {time.perf_counter() - start:.0f} s", flush=True)

        return on_progress

    with tempfile.TemporaryDirectory() as folder:
        ledger = arguments.ledger or Path(folder) / "readings.sqlite"
        was_kept = ledger.exists()
        every, walk = verify_all(language_model, tokenizer, found, ledger, on_stage)
    counts = found.training_counts
    reference = found.reference.ids if found.reference else np.array([], dtype=np.int32)
    ids = np.setdiff1d(found.order, reference)
    qualities = measure(predictors(found, every), counts, ids)
    confirmed = np.array([token.token_id for token in every.confirmed], dtype=np.int32)
    selections = [
        judge_selection("suspects at a false-discovery rate of 10 %", found.suspects().tolist(), counts, ids),
        judge_selection("weights at the floor", np.flatnonzero(found.at_floor).tolist(), counts, ids),
        judge_selection(
            "below 1 % and a tenth of the controls, whole vocabulary",
            [token.token_id for token in every.tokens if token.outcome in ("confirmed", "not echoed")],
            counts,
            ids,
        ),
        judge_selection("confirmed, whole vocabulary", confirmed.tolist(), counts, ids),
        judge_selection(
            "confirmed by the walk",
            [token.token_id for token in walk.confirmed if token.part == "worst first"],
            counts,
            ids,
        ),
        judge_selection(
            "floor and confirmed",
            [token.token_id for token in every.confirmed if token.at_floor],
            counts,
            ids,
        ),
    ]
    lines = [*table_lines(qualities, selections, counts[ids]), "", *walk_lines(walk, every)]
    print("\n".join(lines))
    seconds = time.perf_counter() - start
    if not was_kept:
        print(f"{len(every.tokens) / seconds:.0f} tokens a second, {torch.get_num_threads()} threads")
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "undertrained_tokens.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    record = {
        "model_fingerprint": every.model_fingerprint,
        "predictors": [quality.to_dict() for quality in qualities],
        "selections": [selection.to_dict() for selection in selections],
        "walk": walk.recall.to_dict(),
        "confirmed": len(every.confirmed),
        "controls_echoed": every.controls_echoed,
    }
    (arguments.out / "undertrained_tokens.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    draw_against_counts(
        panels(found, every, qualities),
        counts,
        ids,
        np.intersect1d(confirmed, ids),
        arguments.out / "undertrained_tokens.png",
    )


def panels(found: VocabularyAnalysis, every: Verification, qualities: list[PredictorQuality]) -> list[Panel]:
    """Four predictors, each with its Spearman correlation (of suspicion with the count)."""
    correlation = {quality.name: quality.spearman for quality in qualities}

    def titled(name: str, words: str) -> str:
        return f"{words}  (Spearman {correlation[name]:.3f})"

    shown = [
        Panel(
            "cosine distance to unused rows",
            found.indicators["cosine_distance"],
            titled("cosine_distance", "Output embeddings"),
            is_logarithmic=True,
        ),
    ]
    if found.estimated_standing is not None:
        shown.append(
            Panel(
                "estimated times left standing",
                found.estimated_standing,
                titled("merge_residue", "Merge residue, without weights"),
                is_logarithmic=True,
            )
        )
    probability = np.exp(by_id(every, len(found)))
    shown.append(
        Panel(
            "highest probability when prompted",
            probability,
            titled("highest_prompted_probability", "Prompted: probability"),
            is_logarithmic=True,
        )
    )
    shown.append(
        Panel(
            "lead over unused tokens when prompted (nats)",
            leads(every, len(found)),
            titled("prompted_lead_over_unused", "Prompted: told apart from unused tokens"),
        )
    )
    return shown


if __name__ == "__main__":
    main()
