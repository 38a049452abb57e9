"""How far score and p-value move when the same weights compute in another number format.

    python benchmarks/number_formats.py DETECTION [--model smollm2] [--quick] [--texts 2000]
                                        [--formats float32 bfloat16]

DETECTION is the folder of labelled sets; texts of the dev sets, of both labels, drawn by hash. The first format is the
reference. A shift is given in standard deviations of the score over human texts, and as the share of texts whose
p-value crosses 1 %.
"""

import argparse
from pathlib import Path

import numpy as np

from detector import Detector
from detector.documents.hashing import unit_hash
from detector.training.roles import select


def main() -> None:
    """Print a line for each format."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("detection", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="by the quick calibration of the model")
    parser.add_argument("--formats", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--target-fpr", type=float, default=0.01)
    arguments = parser.parse_args()
    texts = select(arguments.detection, "dev", 600, 60)
    texts = sorted(texts, key=lambda t: unit_hash("formats:" + t.text[:80]))[: arguments.texts]
    is_human = np.array([not text.is_machine for text in texts])
    scores: dict[str, np.ndarray] = {}
    p_values: dict[str, np.ndarray] = {}
    for number_format in arguments.formats:
        detector = Detector.load(arguments.model, dtype=number_format, quick=arguments.quick)
        results = detector.detect_many([text.text for text in texts])
        scores[number_format] = np.array([np.nan if r.score is None else r.score for r in results])
        p_values[number_format] = np.array([np.nan if r.p_value is None else r.p_value for r in results])
    reference, *others = arguments.formats
    known = np.isfinite(scores[reference])
    spread = scores[reference][known & is_human].std()
    print(
        f"{known.sum()} texts; standard deviation of the score over {int((known & is_human).sum())} human ones: ",
        end="",
    )
    print(f"{spread:.3f}")
    for other in others:
        shift = (scores[other] - scores[reference])[known] / spread
        crossed = (p_values[other] <= arguments.target_fpr) != (p_values[reference] <= arguments.target_fpr)
        print(
            f"{other} against {reference}: mean shift {shift.mean():+.4f}, mean absolute {np.abs(shift).mean():.4f}, "
            f"largest {np.abs(shift).max():.4f} standard deviations; p-values that cross {arguments.target_fpr:g}: "
            f"{int(crossed[known].sum())} of {known.sum()}"
        )


if __name__ == "__main__":
    main()
