"""The course of a run as a picture."""

import json
from logging import getLogger
from pathlib import Path

import numpy as np

from detector.errors import InputError


def draw_loss_curve(log: Path, last_step: int, out: Path) -> None:
    """Draw the training and validation loss that ``log.jsonl`` of a run records up to a step, as a PNG.

    Where a run was continued from an earlier checkpoint, the later record of a step stands. A line
    that a full disk or a kill cut short is passed over.
    """
    getLogger("matplotlib").setLevel("ERROR")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    records = {}
    for line in log.read_text().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        records[record["step"]] = record
    lines = [records[step] for step in sorted(records) if step <= last_step]
    if not lines:
        raise InputError(f"{log} records no step of this run, so there is no loss curve to draw.")
    millions = np.array([line["tokens"] for line in lines]) / 1e6
    figure = Figure(figsize=(8, 4.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(millions, [line["train_loss_nats"] for line in lines], color="#9BA6B2", lw=1.4, label="training")
    axes.plot(
        millions,
        [line["validation_loss_nats"] for line in lines],
        color="#00336F",
        lw=1.8,
        label=f"held-out text, {lines[-1]['validation_loss_nats']:.3f} at the end",
    )
    axes.set_xlabel("tokens seen (millions)")
    axes.set_ylabel("loss (nats a token)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(out)
