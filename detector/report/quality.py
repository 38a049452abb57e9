"""How good a verdict is: as lines, as JSON, and as a picture of its errors and its probabilities."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from detector.evaluation.feature_table import FeatureTable
from detector.evaluation.intake import Intake
from detector.evaluation.metrics import auroc, det_curve, reliability
from detector.evaluation.quality import Quality
from detector.report.figures import new_figure, save_figure
from detector.report.palette import CIVIDIS, FIRST_LINE, NOTE_LINE
from detector.verdict.classifier import Classifier

_HEADINGS = {
    "all": "all",
    "dataset": "by data set",
    "domain": "by domain",
    "generator": "by generator",
    "attack": "by attack",
    "length": "by length",
}


def quality_lines(rows: Iterable[Quality], target_fpr: float) -> Iterator[str]:
    """A table for each grouping, with 95 % intervals."""
    last = ""
    for row in rows:
        if row.grouping != last:
            last = row.grouping
            if last == "all":
                yield "AUROC, TPR at 1 % and at 5 % FPR, each with its 95 % interval; calibration error; share of human"
                yield f"and of machine texts called machine or mixed at {target_fpr:g}. Generators and attacks"
                yield "are compared with the human texts of the same data sets; by length, beginnings of longer texts"
                yield "count too."
            yield ""
            yield (
                f"{_HEADINGS[last]:34.34} {'human':>6} {'machine':>7}  {'AUROC':20} {'TPR@1%':20} {'TPR@5%':20} "
                f"{'ECE':5}  {'false alarms':28} detected"
            )
        error = "" if row.calibration_error is None else f"{row.calibration_error:.3f}"
        yield (
            f"{row.group:34.34} {row.n_human:6} {row.n_machine:7}  {row.auroc!s:20} {row.tpr_at_1!s:20} "
            f"{row.tpr_at_5!s:20} {error:5}  {row.false_alarms or ''!s:28} {row.detected or ''}"
        ).rstrip()


def quality_json(rows: Iterable[Quality], target_fpr: float, intake: Intake | None = None) -> str:
    """The same as one JSON object, with what became of the texts where they were read."""
    record = {"schema_version": 1, "target_fpr": target_fpr, "groups": [row.to_dict() for row in rows]}
    return json.dumps(record | ({} if intake is None else {"texts": intake.to_dict()}))


def draw_quality(classifier: Classifier, table: FeatureTable, out: Path) -> None:
    """Detection error trade-off on normal-deviate axes, and the reliability of the probability; whole texts."""
    from scipy.stats import norm

    whole = table.rows(table.is_whole)
    scores = classifier.scores(whole.features)
    usable = np.isfinite(scores)
    human, machine = scores[usable & ~whole.is_machine], scores[usable & whole.is_machine]
    figure = new_figure((10, 4.8), dpi=120)
    left, right = figure.subplots(1, 2)
    fpr, fnr = det_curve(human, machine)
    ticks = np.array([0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95])
    limits = norm.ppf([0.0008, 0.97])
    left.plot(norm.ppf(np.clip(fpr, 1e-4, 1 - 1e-4)), norm.ppf(np.clip(fnr, 1e-4, 1 - 1e-4)), color=FIRST_LINE, lw=1.8)
    left.axvline(norm.ppf(0.01), color=NOTE_LINE, lw=1, ls="--")
    left.text(norm.ppf(0.0107), limits[0] + 0.1, "1 % false alarms", color=NOTE_LINE, fontsize=9)
    left.set(
        title=f"Detection error trade-off (AUROC {auroc(human, machine):.3f})",
        xlabel="human texts taken for machine texts",
        ylabel="machine texts missed",
        xlim=limits,
        ylim=limits,
    )
    labels = [f"{tick:.1%}" if tick < 0.01 else f"{tick:.0%}" for tick in ticks]
    # 0.5 % and 1 % are too close for the labels of the horizontal axis
    left.set_xticks(norm.ppf(np.delete(ticks, 1)), labels[:1] + labels[2:], fontsize=8)
    left.set_yticks(norm.ppf(ticks), labels, fontsize=8)
    left.grid(alpha=0.3)
    human_p, machine_p = ([classifier.probability_machine(s) for s in side] for side in (human, machine))
    shares, means, weights = reliability(human_p, machine_p)
    right.plot([0, 1], [0, 1], color=CIVIDIS[2], lw=1, ls="--", label="as promised")
    right.plot(means, shares, color=FIRST_LINE, lw=1.8, marker="o", label="measured")
    right.bar(means, weights, width=0.06, color=CIVIDIS[1], alpha=0.7, label="share of the texts")
    right.set(
        title="Reliability, both labels equally common",
        xlabel="probability machine",
        ylabel="share of machine texts",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    right.legend(loc="upper left", fontsize=9, frameon=False)
    right.grid(alpha=0.3)
    save_figure(figure, out)
