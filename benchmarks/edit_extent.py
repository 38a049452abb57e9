"""How well the edit extent tells how far a machine reworked a text.

    python benchmarks/edit_extent.py DETECTION --cache SCORES [--model smollm2]

DETECTION is the folder of labelled sets; SCORES keeps what was scored. Judged are texts by writers that fitted
nothing: polished and rewritten ones, generators that no fitted text is by, and a data set left out whole. Pearson's
correlation of the estimate with the extent, mean F1 of three kinds (up to a tenth of the words touched, edited,
written freely), the share of extents within the interval, how often a kind is said, how often it is right then, and
how many of a person's own texts are said to be edited or written by a machine; with 95 % bootstrap intervals over
writers.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from detector.models import LanguageModel
from detector.training.edited_texts import LEFT_OUT_GENERATORS, edited_texts
from detector.training.extent_fit import edited_states, macro_f1, read_extents
from detector.training.score_cache import cached_states
from detector.verdict.classifier import Classifier
from detector.verdict.edit_extent import LEAST_PROBABILITY
from detector.verdict.shipped import calibration_for, probe_beside

RESAMPLES = 500
LEFT_OUT_SET = "hppt.acl_abstracts"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("detection", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--dtype", default="float32")
    given = parser.parse_args()
    path = calibration_for(given.model)
    classifier = Classifier.load(path)
    probe, scale = probe_beside(path, classifier), classifier.extent
    if probe is None or scale is None:
        raise SystemExit(f"The calibration of {given.model} does not estimate edits; use --model smollm2.")
    texts = [text for text in edited_texts(given.detection) if text.role == "calibrate"]
    language_model = LanguageModel.load(given.model, dtype=given.dtype)
    states = cached_states(language_model, [t.text for t in texts], given.cache, probe.probe.layers)
    edited = edited_states(texts, [one.states for one in states])
    kinds, extents = edited.kinds, edited.extents
    readings = read_extents(edited, probe, scale)
    found, likeliest = readings.values, readings.probabilities.argmax(axis=1)
    is_said = readings.probabilities.max(axis=1) >= LEAST_PROBABILITY
    pairs = np.array([text.pair_id for text in texts])
    dataset = np.array([text.dataset for text in texts])
    untouched_or_unseen = np.array([t.generator in ("human", *LEFT_OUT_GENERATORS) for t in texts])
    groups = {"all writers": np.full(len(texts), True)}
    groups |= {name: dataset == name for name in np.unique(dataset).tolist() if (extents[dataset == name] < 1).any()}
    groups["generators left out"] = untouched_or_unseen & (dataset == "apt_eval.polish")
    groups[f"{LEFT_OUT_SET} (left out whole)"] = groups.pop(LEFT_OUT_SET)

    def correlation(rows: np.ndarray) -> float:
        return float(np.corrcoef(found[rows], extents[rows])[0, 1])

    def f1(rows: np.ndarray) -> float:
        return macro_f1(kinds[rows], likeliest[rows])

    def covered(rows: np.ndarray) -> float:
        return float((np.abs(found[rows] - extents[rows]) <= scale.half_width).mean())

    def said(rows: np.ndarray) -> float:
        return float(is_said[rows].mean())

    def right(rows: np.ndarray) -> float:
        told = rows[is_said[rows]]
        return float((kinds[told] == likeliest[told]).mean()) if len(told) else np.nan

    def own_mistold(rows: np.ndarray) -> float:
        own = rows[kinds[rows] == 0]
        return float((is_said[own] & (likeliest[own] > 0)).mean()) if len(own) else np.nan

    print("| texts | number | r | macro-F1 | within the interval | kind said | right if said | own text said edited |")
    print("|---|---|---|---|---|---|---|---|")
    for name, inside in groups.items():
        rows = np.flatnonzero(inside)
        figures = " | ".join(
            with_interval(figure, rows, pairs) for figure in (correlation, f1, covered, said, right, own_mistold)
        )
        print(f"| {name} | {len(rows)} | {figures} |")


def with_interval(figure: Callable[[np.ndarray], float], rows: np.ndarray, pairs: np.ndarray) -> str:
    """A figure of rows, and its 95 % interval over writers drawn anew."""
    rng = np.random.default_rng(0)
    writers = np.unique(pairs[rows])
    of_writer = {writer: rows[pairs[rows] == writer] for writer in writers}
    drawn = [
        figure(np.concatenate([of_writer[writer] for writer in rng.choice(writers, len(writers))]))
        for _ in range(RESAMPLES)
    ]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return f"{figure(rows):.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
