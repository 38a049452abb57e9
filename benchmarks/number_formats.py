"""How far score and p-value move when the same weights compute in another number format.

    python benchmarks/number_formats.py DETECTION [--model smollm2] [--quick] [--texts 2000]
                                        [--formats float32 bfloat16]

DETECTION is the folder of labelled sets; texts of the dev sets, of both labels, drawn by hash. The first format is the
reference. A shift is given in standard deviations of the score over human texts, and as the share of texts whose
p-value crosses 1 %.

A processor without bfloat16 instructions takes five times as long over their detour. There the products are taken in
float32 and rounded, which is what such instructions do: they multiply bfloat16 numbers, add up in float32, round once.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from detector import Detector
from detector.documents.hashing import unit_hash
from detector.models.loading import has_bfloat16
from detector.training.roles import select


class RoundedProducts(TorchFunctionMode):
    """``linear`` of bfloat16 numbers, added up in float32 and rounded once."""

    def __init__(self) -> None:
        super().__init__()
        self._widened: dict[tuple[int, torch.Size], Tensor] = {}

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """The same function of the same arguments; products of bfloat16 by way of float32."""
        if func is torch.nn.functional.linear and args[0].dtype == torch.bfloat16 and not kwargs:
            states, weight, *bias = args
            product = func(states.float(), self._wide(weight), *(None if b is None else b.float() for b in bias))
            return product.to(torch.bfloat16)
        return func(*args, **(kwargs or {}))

    def _wide(self, weight: Tensor) -> Tensor:
        # The weights of a model stay where they are, so their place in memory names them.
        key = weight.data_ptr(), weight.shape
        if key not in self._widened:
            self._widened[key] = weight.float()
        return self._widened[key]


def products(number_format: str) -> AbstractContextManager[Any]:
    """Where products are to be computed: as the machine does, or as one with bfloat16 instructions would."""
    is_slow = number_format == "bfloat16" and not has_bfloat16(torch.device("cpu"))
    return RoundedProducts() if is_slow else nullcontext()


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
        with products(number_format):
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
