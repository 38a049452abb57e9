"""The linear probes behind a classifier: evidence, what a text is like whoever wrote it, and whose each sentence is.

Output 0 is the evidence of a token in nats of log-odds, higher = more machine-like, were tokens independent, which they
are not: sums of it are weighed against reference texts, never taken at face value. The other outputs are coordinates of
the *register*: directions in which human texts differ most from each other, with the direction of the evidence taken
out, so that they say what kind of text it is and not who wrote it.

More outputs may follow: evidence fitted to single sentences of texts by two authors, which tells parts apart where the
first, fitted to whole texts, sees the company of a sentence too; and what ``edit_extent`` reads.

The last outputs may be the units of a hidden layer, whose means over a text are rectified and summed up
(``probe_units`` among the features): it finds what no single direction holds, and gives no token evidence of its own.
Where they come from a probe of other layers, fitted on more texts, its register stands before them: a second reading of
what a text is like.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from detector.errors import CalibrationError
from detector.scoring.probe import LinearProbe
from detector.verdict.features import (
    EDIT_COLUMNS,
    N_UNITS,
    PART_COLUMN,
    PARTS_WIDTH,
    REGISTER_SIZE,
    WIDTHS_WITH_PARTS,
    WIDTHS_WITH_SECOND_REGISTER,
    WIDTHS_WITH_UNITS,
)


@dataclass(frozen=True, eq=False)
class ProbeModel:
    """Weights fitted on labelled texts that no classifier saw."""

    probe: LinearProbe

    def __post_init__(self) -> None:
        known = sorted({PART_COLUMN, *WIDTHS_WITH_PARTS, *WIDTHS_WITH_UNITS})
        if self.probe.width not in known:
            raise CalibrationError(
                f"The probe gives {self.probe.width} numbers a token; this version reads "
                f"{', '.join(map(str, known[:-1]))} or {known[-1]}. Make it again with this version."
            )

    @property
    def knows_parts(self) -> bool:
        """Whether it has the outputs for parts and for edits."""
        return self.probe.width in WIDTHS_WITH_PARTS

    @property
    def has_units(self) -> bool:
        """Whether it has a hidden layer."""
        return self.probe.width in WIDTHS_WITH_UNITS

    @property
    def has_second_register(self) -> bool:
        """Whether a register came with its hidden layer."""
        return self.probe.width in WIDTHS_WITH_SECOND_REGISTER

    def check_fits(self, name: str, hidden_size: int, n_layers: int) -> None:
        """Raise ``CalibrationError`` unless it reads hidden states such as this model has."""
        width, highest = self.probe.weights.shape[2], max(self.probe.layers, default=0)
        if width != hidden_size or highest > n_layers:
            raise CalibrationError(
                f"The probe reads hidden states {width} numbers wide, up to layer {highest}; those of {name} are "
                f"{hidden_size} wide, in {n_layers} layers. Keep the files that were made together side by side."
            )

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits of the layers and of the weights that scores rest on: evidence, registers and hidden layer."""
        return self._digest([*range(PART_COLUMN), *self._last])

    @cached_property
    def parts_fingerprint(self) -> str | None:
        """The same of the weights for parts and edits; None where there are none."""
        return self._digest([*range(PART_COLUMN, PARTS_WIDTH)]) if self.knows_parts else None

    @property
    def _last(self) -> range:
        """Outputs of its hidden layer and of the register that came with it."""
        size = (N_UNITS if self.has_units else 0) + (REGISTER_SIZE if self.has_second_register else 0)
        return range(self.probe.width - size, self.probe.width)

    def _digest(self, outputs: list[int]) -> str:
        digest = hashlib.sha256(json.dumps(self.probe.layers).encode())
        for tensor in (self.probe.weights[outputs], self.probe.bias[outputs]):
            digest.update(tensor.float().contiguous().numpy().astype("<f4").tobytes())
        return digest.hexdigest()[:16]

    def with_parts(self, evidence: tuple[Tensor, float], edits: tuple[Tensor, Tensor]) -> "ProbeModel":
        """The same with outputs for parts, (layers, d) and a bias, and for edits, in place of any it has."""
        weights = torch.cat([evidence[0][None], edits[0]]).float()
        bias = torch.cat([torch.tensor([evidence[1]]), edits[1].float()])
        return self._joined(weights, bias, range(PART_COLUMN), self._last)

    def read_edits(self, states: Tensor) -> Tensor:
        """What it reads for edits off states (..., layers, d); only of a probe that knows parts."""
        return self.probe.read(states)[..., EDIT_COLUMNS]

    def with_units(self, weights: Tensor, bias: Tensor) -> "ProbeModel":
        """The same with a hidden layer: weights (N_UNITS, layers, d) and biases (N_UNITS,).

        They take the place of any it has, and of the register that came with that; a register may stand before them:
        (REGISTER_SIZE + N_UNITS, ...).
        """
        return self._joined(weights.float(), bias.float(), range(self._last.start), range(0))

    def with_units_of(self, other: "ProbeModel") -> "ProbeModel":
        """The same with the hidden layer of another probe, and with its register as a second one.

        Raises ``CalibrationError`` unless it reads those layers.
        """
        missing = sorted(set(other.probe.layers) - set(self.probe.layers))
        if missing or not other.has_units:
            raise CalibrationError(
                f"Its hidden layer reads layer {missing[0]}, and the probe layers {self.probe.layers}."
                if missing
                else "The probe has no hidden layer."
            )
        given = [*range(1, PART_COLUMN), *range(other.probe.width - N_UNITS, other.probe.width)]
        weights = torch.zeros(len(given), len(self.probe.layers), other.probe.weights.shape[2])
        weights[:, [self.probe.layers.index(layer) for layer in other.probe.layers]] = other.probe.weights[given]
        return self.with_units(weights, other.probe.bias[given])

    def _joined(self, weights: Tensor, bias: Tensor, before: range, behind: range) -> "ProbeModel":
        """Outputs of this probe, the ones given, and outputs of this probe again."""
        probe = self.probe
        own = [(probe.weights[list(part)], probe.bias[list(part)]) for part in (before, behind)]
        return ProbeModel(
            LinearProbe(
                probe.layers, torch.cat([own[0][0], weights, own[1][0]]), torch.cat([own[0][1], bias, own[1][1]])
            )
        )

    def save(self, path: Path) -> None:
        """Write as safetensors."""
        tensors = {"weights": self.probe.weights.contiguous(), "bias": self.probe.bias.contiguous()}
        save_file(tensors, path, metadata={"layers": json.dumps(self.probe.layers)})
        path.chmod(0o644)

    @classmethod
    def load(cls, path: Path) -> "ProbeModel":
        """Read what ``save`` wrote; raises ``CalibrationError`` for anything else."""
        try:
            with safe_open(path, framework="pt") as file:
                weights, bias = file.get_tensor("weights"), file.get_tensor("bias")
                layers = json.loads((file.metadata() or {})["layers"])
        except FileNotFoundError as error:
            raise CalibrationError(f"The probe {path} does not exist; it belongs beside its calibration.") from error
        except (SafetensorError, OSError, KeyError, ValueError, TypeError, RecursionError) as error:
            why = f"it has no {error}" if isinstance(error, KeyError) else f"its layers or tensors are damaged: {error}"
            raise CalibrationError(f"{path} does not hold a probe: {why}.") from error
        if not isinstance(layers, list) or not all(type(layer) is int and layer >= 0 for layer in layers):
            raise CalibrationError(f"{path} does not hold a probe: its layers are no list of numbers from 0 on.")
        if weights.ndim != 3 or weights.shape[1] != len(layers) or bias.shape != weights.shape[:1]:
            raise CalibrationError(
                f"{path} does not hold a probe: weights {tuple(weights.shape)} and bias {tuple(bias.shape)} for "
                f"{len(layers)} layers."
            )
        for tensor in (weights, bias):
            if not tensor.is_floating_point() or not torch.isfinite(tensor.float()).all():
                raise CalibrationError(f"{path} does not hold a probe: its numbers are not all finite and float.")
        return cls(LinearProbe(tuple(layers), weights.float(), bias.float()))


def fingerprints_of(model: ProbeModel | None) -> tuple[str | None, str | None]:
    """Of the weights that scores rest on, and of those for parts and edits."""
    return (None, None) if model is None else (model.fingerprint, model.parts_fingerprint)
