"""The training loop: Muon for matrices, AdamW for the rest, checkpoints, exact resume.

A run is a folder: ``config.json``, ``log.jsonl`` (one line an evaluation), ``checkpoint/`` (newest)
and ``checkpoint.previous/``. What decides the numbers is the config alone; the token budget may be
raised or lowered on resume, which moves the decay of the learning rate and nothing before it.
"""

import json
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from detector.errors import InputError, ModelError, UsageError
from detector.training.cross_entropy import chunked_cross_entropy


@dataclass(frozen=True)
class Schedule:
    """How any run is trained: steps, learning rates, optimiser."""

    budget_may_change: ClassVar[bool] = True
    """Whether a run may go on with another number of tokens."""

    tokens_per_step: int = 8_192
    tokens: int = 20_000_000
    optimizer: str = "muon"
    """``muon``: Muon for matrices and AdamW for the rest; ``adamw``: AdamW for everything."""
    matrix_learning_rate: float = 0.02
    """Of Muon."""
    other_learning_rate: float = 3e-3
    """Of AdamW."""
    weight_decay: float = 0.05
    warmup_steps: int = 80
    decay_share: float = 0.45
    """The last share of the steps, over which the learning rate falls linearly to zero."""
    clip_norm: float = 1.0
    z_loss: float = 0.0
    """Weight of the squared log-normaliser in the loss (PaLM, Chowdhery et al. 2022)."""
    mask_documents: bool = False
    """Whether attention stops at document boundaries within a row."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.optimizer not in ("muon", "adamw"):
            raise UsageError(f"Unknown optimizer {self.optimizer!r}. Allowed: muon, adamw.")

    @property
    def steps(self) -> int:
        """Steps of ``tokens_per_step`` within the token budget."""
        return max(1, self.tokens // self.tokens_per_step)

    def learning_rate_factor(self, step: int) -> float:
        """Warm-up, plateau, linear decay to zero; in [0, 1]."""
        decay_from = self.steps * (1 - self.decay_share)
        if step >= decay_from:
            return max(0.0, (self.steps - step) / max(1.0, self.steps - decay_from))
        return min(1.0, (step + 1) / max(1, self.warmup_steps))


AnySchedule = TypeVar("AnySchedule", bound=Schedule)


@dataclass(frozen=True)
class TrainingConfig(Schedule):
    """Everything that decides the numbers of a base run: its schedule, the model's shape, its rows."""

    vocabulary: int = 16_384
    width: int = 320
    layers: int = 6
    heads: int = 5
    mlp_width: int = 864
    context: int = 1024
    short_row: int = 512
    """Row length until ``long_rows_from``; attention on short rows is cheaper."""
    long_rows_from: float = 0.8
    """Share of the tokens after which rows are as long as the context."""
    stream_tokens: int = 64_000_000
    """Length of the shuffled stream; a budget beyond it reads the stream again."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for whole, part in (("tokens_per_step", "context"), ("context", "short_row"), ("width", "heads")):
            if getattr(self, part) < 1 or getattr(self, whole) % getattr(self, part) or not getattr(self, whole):
                raise UsageError(
                    f"{whole} is {getattr(self, whole)} and {part} {getattr(self, part)}; the first must be a multiple "
                    "of the second."
                )


def with_settings(config: AnySchedule, settings: list[str]) -> AnySchedule:
    """``config`` with fields set from ``NAME=VALUE``; raises ``UsageError`` for unknown names and bad values."""
    changes: dict[str, object] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in config.__dataclass_fields__:
            raise UsageError(f"Unknown setting {name!r}. Allowed: {', '.join(config.__dataclass_fields__)}.")
        kind = type(getattr(config, name))
        try:
            changes[name] = {"true": True, "false": False}[value.lower()] if kind is bool else kind(value)
        except (ValueError, KeyError):
            raise UsageError(f"{value!r} is no value for {name}, which is of type {kind.__name__}.") from None
    return replace(config, **changes)  # type: ignore[arg-type]


class Rows(Protocol):
    """Where a run's token ids come from."""

    validation: list[Tensor]
    """Fixed batches of held-out text, int64 (rows, length + 1)."""

    def batch(self, step: int) -> Tensor:
        """The batch of a step, int64 (rows, length + 1): a function of the step alone."""
        ...


def build_model(config: TrainingConfig) -> LlamaForCausalLM:
    """A freshly initialised Llama with tied embeddings."""
    torch.manual_seed(config.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=config.vocabulary,
            hidden_size=config.width,
            intermediate_size=config.mlp_width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.heads,
            max_position_embeddings=config.context,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=0,
            use_cache=False,
            attn_implementation="sdpa",
        )
    )


def _optimizers(model: nn.Module, config: Schedule) -> list[torch.optim.Optimizer]:
    """AdamW, and before it Muon if the configuration asks for it; parameters without gradient are left out."""
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    matrices = [p for n, p in named if p.ndim == 2 and "embed" not in n and "lm_head" not in n]
    others = [p for n, p in named if not (p.ndim == 2 and "embed" not in n and "lm_head" not in n)]
    if config.optimizer == "adamw":
        groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
        return [torch.optim.AdamW(groups, lr=config.other_learning_rate, betas=(0.9, 0.95), fused=True)]
    return [
        torch.optim.Muon(matrices, lr=config.matrix_learning_rate, weight_decay=config.weight_decay),
        torch.optim.AdamW(others, lr=config.other_learning_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]


class Trainer:
    """One run: ``Trainer(config, model, rows, folder).run()``; resumes when the folder holds a checkpoint."""

    def __init__(
        self, config: Schedule, model: LlamaForCausalLM, rows: Rows, folder: Path, device: str = "cpu"
    ) -> None:
        self.config, self.rows, self.folder, self.device = config, rows, folder, device
        self._prepare_folder()
        self.model = model.to(device)
        self._body = torch.compile(self.model.model) if device.startswith("cuda") else self.model.model
        self.optimizers = _optimizers(self.model, config)
        self.step = 0
        self._load_checkpoint()

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "config.json"
        if path.exists():
            try:
                before = type(self.config)(**json.loads(path.read_text()))
                tokens = self.config.tokens if self.config.budget_may_change else before.tokens
                same = replace(before, tokens=tokens) == self.config
            except (TypeError, ValueError):
                same = False
            if not same:
                raise InputError(
                    f"{self.folder} holds a run with another configuration (see {path}). "
                    "Continue it with the same settings, or choose an empty folder."
                )
        path.write_text(json.dumps(asdict(self.config), indent=1))

    def _loss(self, rows: Tensor, z_loss: float = 0.0) -> Tensor:
        rows = rows.to(self.device)
        mask = _document_mask(rows[:, :-1]) if self.config.mask_documents else None
        with torch.autocast(self.device.split(":")[0], dtype=torch.bfloat16):
            hidden = self._body(input_ids=rows[:, :-1], attention_mask=mask).last_hidden_state
        hidden = hidden.reshape(-1, hidden.shape[-1])
        return chunked_cross_entropy(hidden, self.model.lm_head.weight, rows[:, 1:].reshape(-1), z_loss=z_loss)

    def _train_step(self) -> float:
        factor = self.config.learning_rate_factor(self.step)
        for optimizer in self.optimizers:
            is_muon = isinstance(optimizer, torch.optim.Muon)
            rate = self.config.matrix_learning_rate if is_muon else self.config.other_learning_rate
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
        loss = self._loss(self.rows.batch(self.step), self.config.z_loss)
        loss.backward()
        norm = float(nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm))
        if not math.isfinite(float(loss.detach()) + norm):
            raise ModelError(
                f"The loss became {float(loss.detach())} and its gradient {norm} at step {self.step + 1}. The last "
                f"good checkpoint is in {self.folder / 'checkpoint'}. Train in a new folder with a lower learning rate "
                "(--set matrix_learning_rate=... or other_learning_rate=...)."
            )
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return float(loss.detach())

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Mean nats a token over the validation rows."""
        return mean_loss(self._body, self.model.lm_head, self.rows.validation, self.device)

    def run(
        self,
        report: Callable[[str], None] = print,
        evaluate_every: int = 100,
        checkpoint_minutes: float = 5.0,
    ) -> None:
        """Train to the token budget; ends with a checkpoint."""
        started, last_saved, recent = time.monotonic(), time.monotonic(), []
        first_step = self.step
        while self.step < self.config.steps:
            loss = self._train_step()
            recent.append(loss)
            done = self.step == self.config.steps
            if self.step % evaluate_every == 0 or done:
                speed = (self.step - first_step) * self.config.tokens_per_step / (time.monotonic() - started)
                line = {
                    "step": self.step,
                    "tokens": self.step * self.config.tokens_per_step,
                    "train_loss_nats": round(sum(recent) / len(recent), 4),
                    "validation_loss_nats": round(self.validation_loss(), 4),
                    "tokens_per_second": round(speed),
                }
                recent = []
                with (self.folder / "log.jsonl").open("a") as log:
                    log.write(json.dumps(line) + "\n")
                report(f"step {self.step}/{self.config.steps} {json.dumps(line)}")
            if done or time.monotonic() - last_saved > checkpoint_minutes * 60:
                self.save_checkpoint()
                last_saved = time.monotonic()

    def save_checkpoint(self) -> None:
        """Write beside, then swap: the checkpoint before survives a full disk or a kill."""
        fresh = self.folder / "checkpoint.new"
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            save_file(
                {n: p.detach().contiguous() for n, p in self.model.named_parameters() if p.requires_grad},
                fresh / "model.safetensors",
            )
            save_file(self._optimizer_state(), fresh / "optimizer.safetensors")
            (fresh / "step.json").write_text(json.dumps({"step": self.step}))
        except (OSError, SafetensorError) as error:
            shutil.rmtree(fresh, ignore_errors=True)
            raise ModelError(
                f"The checkpoint of step {self.step} cannot be written to {self.folder}: {error}. "
                "The one before is kept; make room and run the same command again."
            ) from error
        target, previous = self.folder / "checkpoint", self.folder / "checkpoint.previous"
        shutil.rmtree(previous, ignore_errors=True)
        if target.exists():
            target.rename(previous)
        fresh.rename(target)

    def _optimizer_state(self) -> dict[str, torch.Tensor]:
        """Both optimisers' state, flat, under names ``optimiser.parameter.entry``."""
        return {
            f"{i}.{index}.{name}": torch.as_tensor(value).contiguous().clone()
            for i, optimizer in enumerate(self.optimizers)
            for index, entry in optimizer.state_dict()["state"].items()
            for name, value in entry.items()
        }

    def _load_checkpoint(self) -> None:
        damage = ""
        for folder in (self.folder / "checkpoint", self.folder / "checkpoint.previous"):
            if not folder.exists():
                continue
            try:
                self._restore(folder)
                return
            except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
                damage = damage or f"{folder}: {error}"
        if damage:
            raise ModelError(f"No checkpoint of {self.folder} can be read ({damage}). Begin again in an empty folder.")

    def _restore(self, folder: Path) -> None:
        step = json.loads((folder / "step.json").read_text())["step"]
        weights = load_file(folder / "model.safetensors")
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if parameter.requires_grad:
                    parameter.copy_(weights[name])
        flat = load_file(folder / "optimizer.safetensors")
        for i, optimizer in enumerate(self.optimizers):
            state: dict[int, dict[str, torch.Tensor]] = {}
            for key, value in flat.items():
                owner, index, name = key.split(".", 2)
                if int(owner) == i:
                    state.setdefault(int(index), {})[name] = value
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        self.step = step


@torch.no_grad()
def mean_loss(body: Callable[..., Any], head: nn.Linear, validation: list[Tensor], device: str) -> float:
    """Mean nats a token over batches of rows, whole rows attended to whatever the run masks."""
    losses = []
    for rows in validation:
        ids = rows.to(device)
        with torch.autocast(device.split(":")[0], dtype=torch.bfloat16):
            hidden = body(input_ids=ids[:, :-1]).last_hidden_state
        hidden = hidden.reshape(-1, hidden.shape[-1])
        losses.append(float(chunked_cross_entropy(hidden, head.weight, ids[:, 1:].reshape(-1))))
    return sum(losses) / len(losses)


def _document_mask(ids: Tensor) -> Tensor:
    """True where a position may look: at itself and before, within its document. (rows, 1, n, n)."""
    documents = (ids == 0).cumsum(dim=1)
    same = documents[:, None, :, None] == documents[:, None, None, :]
    n = ids.shape[1]
    return same & torch.ones(n, n, dtype=torch.bool, device=ids.device).tril()
