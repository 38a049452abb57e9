"""How good the verdicts are, measured on the feature tables that are shipped; a minute or two.

Pages are made of what ``measure`` returns (``result_pages``). The few figures of the README are kept in
``docs/results/figures.json``, with a digest of the files they come from, so that it can be checked without measuring.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import false_alarms, quality
from detector.evaluation.feature_table import FeatureTable, shipped_dev_rows, shipped_table
from detector.evaluation.metrics import Rate
from detector.evaluation.quality import Quality, verdict_quality
from detector.models.catalogue import CATALOGUE
from detector.verdict.classifier import Classifier
from detector.verdict.detector import DEFAULT_TARGET_FPR
from detector.verdict.shipped import calibration_for

MODELS = tuple(CATALOGUE)
"""Those with a verdict, the best first; the last check, sources left out, is made for the first alone."""
ROOT = Path(__file__).parents[2]
GROUPINGS = ("generator", "attack", "domain", "length")


@dataclass(frozen=True)
class Results:
    """What was measured of one model's verdict."""

    model: str
    rows: Sequence[Quality]
    """The verdict, the trivial detector and each statistic: by data set and in all."""
    groups: Sequence[Quality]
    """The verdict by every other group."""

    def of(self, group: str) -> Quality:
        """The verdict on a data set, or on ``all``."""
        return next(row for row in self.rows if row.detector == "verdict" and row.group == group)


@dataclass(frozen=True)
class FalseAlarms:
    """Whom the first model's verdict accuses wrongly."""

    left_out: dict[str, Rate]
    """Of each source of references, by a calibration without it."""
    tables: Sequence[Sequence[str]]
    """Lines of each: references, groups, sources left out, ways."""


def measure(model: str) -> Results:
    """Read the shipped table of a model and judge its verdict."""
    classifier = Classifier.load(calibration_for(model))
    dev = shipped_dev_rows(classifier)
    groups = verdict_quality(classifier, dev, DEFAULT_TARGET_FPR, GROUPINGS)
    return Results(model, list(quality.rows(classifier, dev, every=False)), list(groups))


def measure_false_alarms(model: str = MODELS[0]) -> FalseAlarms:
    """The same of its false alarms; about a minute."""
    classifier = Classifier.load(calibration_for(model))
    whole = FeatureTable.load(shipped_table(model))
    left_out = false_alarms.left_out_of(classifier, whole, DEFAULT_TARGET_FPR)
    tables = (
        false_alarms.reference_lines(whole),
        false_alarms.group_lines(classifier, whole, DEFAULT_TARGET_FPR),
        false_alarms.left_out_lines(left_out, DEFAULT_TARGET_FPR),
        false_alarms.way_lines(classifier, whole, DEFAULT_TARGET_FPR),
    )
    return FalseAlarms(left_out, [list(lines) for lines in tables])


def stamps() -> dict[str, str]:
    """Digest of every file that the results are made from, by path in the repository."""
    return {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for model in MODELS for path in sources(model)}


def sources(model: str) -> tuple[str, str]:
    """Feature table and calibration of a model, as paths in the repository."""
    table, calibration = shipped_table(model), calibration_for(model)
    return table.resolve().relative_to(ROOT).as_posix(), calibration.resolve().relative_to(ROOT).as_posix()


def figures_of(results: Iterable[Results], alarms: FalseAlarms) -> dict[str, Any]:
    """The few numbers that the README gives, and what they come from."""
    worst = max(alarms.left_out, key=lambda source: alarms.left_out[source].share)
    shares = sorted(rate.share for rate in alarms.left_out.values())
    return {
        "target_fpr": DEFAULT_TARGET_FPR,
        "models": {found.model: _figures_of(found) for found in results},
        "left_out": {
            "model": MODELS[0],
            "sources": len(shares),
            "above_target": sum(share > DEFAULT_TARGET_FPR for share in shares),
            "median": round((shares[len(shares) // 2] + shares[(len(shares) - 1) // 2]) / 2, 4),
            "worst": round(shares[-1], 4),
            "worst_source": worst,
        },
        "made_from": stamps(),
    }


def _figures_of(found: Results) -> dict[str, Any]:
    n_chat, auroc, tpr = quality.chat_model_means(found.groups)
    every, shortest = found.of("all"), next(row for row in found.groups if row.grouping == "length")
    sets = [row for row in found.rows if row.detector == "verdict" and row.group != "all"]
    weakest = min(sets, key=lambda row: row.tpr_at_1.value)
    yardstick = next(row for row in found.rows if row.detector == "word pairs" and row.group == "all")
    return {
        "chat_models": n_chat,
        "chat_auroc": round(auroc, 3),
        "chat_tpr_at_1": round(tpr, 3),
        "auroc": round(every.auroc.value, 3),
        "word_pairs_auroc": round(yardstick.auroc.value, 3),
        "human_texts": every.n_human,
        "machine_texts": every.n_machine,
        "false_alarms": rate_of(every.false_alarms).hits,
        "recognised": round(rate_of(every.recognised).share, 3),
        "detected": round(rate_of(every.detected).share, 3),
        "passing": round(rate_of(every.passing).share, 3),
        "weakest_set": weakest.group,
        "weakest_tpr_at_1": round(weakest.tpr_at_1.value, 3),
        "shortest": shortest.group,
        "shortest_tpr_at_1": round(shortest.tpr_at_1.value, 3),
    }


def rate_of(rate: Rate | None) -> Rate:
    """A rate that rows of a verdict have and other rows have not."""
    if rate is None:
        raise ValueError("only rows of a verdict have rates")
    return rate
