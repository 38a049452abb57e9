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

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from detector.errors import InputError, ModelError
from detector.training.cross_entropy import chunked_cross_entropy
from detector.training.token_store import TokenStore, TrainingStream


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides the numbers of a run."""

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
    tokens_per_step: int = 8_192
    tokens: int = 20_000_000
    stream_tokens: int = 64_000_000
    """Length of the shuffled stream; a budget beyond it reads the stream again."""
    matrix_learning_rate: float = 0.02
    other_learning_rate: float = 3e-3
    weight_decay: float = 0.05
    warmup_steps: int = 80
    decay_share: float = 0.45
    """The last share of the steps, over which the learning rate falls linearly to zero."""
    clip_norm: float = 1.0
    seed: int = 0

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


def _optimizers(model: nn.Module, config: TrainingConfig) -> list[torch.optim.Optimizer]:
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n and "lm_head" not in n]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=config.matrix_learning_rate, weight_decay=config.weight_decay),
        torch.optim.AdamW(others, lr=config.other_learning_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]


class Trainer:
    """One run: ``Trainer(config, store, folder).run()``; resumes when the folder holds a checkpoint."""

    def __init__(self, config: TrainingConfig, store: TokenStore, folder: Path, device: str = "cpu") -> None:
        self.config, self.folder, self.device = config, folder, device
        self._prepare_folder()
        self.model = build_model(config).to(device)
        self.optimizers = _optimizers(self.model, config)
        self.stream = TrainingStream(store, config.stream_tokens, config.context, config.seed)
        self.validation = _validation_rows(store, config)
        self.step = 0
        self._load_checkpoint()

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "config.json"
        if path.exists():
            before = TrainingConfig(**json.loads(path.read_text()))
            if replace(before, tokens=self.config.tokens) != self.config:
                raise InputError(
                    f"{self.folder} holds a run with another configuration ({before}). "
                    "Continue it with the same settings, or choose an empty folder."
                )
        path.write_text(json.dumps(asdict(self.config), indent=1))

    def _rows(self, step: int) -> torch.Tensor:
        """The batch of a step, int64 (rows, row_length + 1): a function of the step alone."""
        config = self.config
        n = config.tokens_per_step // config.context
        rows = np.stack([self.stream.row(step * n + i) for i in range(n)])
        if step < config.steps * config.long_rows_from:
            short = config.short_row
            rows = np.concatenate([rows[:, i : i + short + 1] for i in range(0, config.context, short)])
        return torch.from_numpy(rows).to(self.device)

    def _loss(self, rows: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device.split(":")[0], dtype=torch.bfloat16):
            hidden = self.model.model(input_ids=rows[:, :-1]).last_hidden_state
        hidden = hidden.reshape(-1, hidden.shape[-1])
        return chunked_cross_entropy(hidden, self.model.lm_head.weight, rows[:, 1:].reshape(-1))

    def _train_step(self) -> float:
        factor = self.config.learning_rate_factor(self.step)
        for optimizer, rate in zip(
            self.optimizers, (self.config.matrix_learning_rate, self.config.other_learning_rate), strict=True
        ):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
        loss = self._loss(self._rows(self.step))
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return float(loss.detach())

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Mean nats a token over the validation rows."""
        losses = [float(self._loss(rows.to(self.device))) for rows in self.validation]
        return sum(losses) / len(losses)

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
            if not math.isfinite(loss):
                raise ModelError(
                    f"The loss became {loss} at step {self.step}. The last good checkpoint is in "
                    f"{self.folder / 'checkpoint'}; lower the learning rate and train again from there."
                )
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
                {n: p.detach().contiguous() for n, p in self.model.named_parameters()}, fresh / "model.safetensors"
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
        for folder in (self.folder / "checkpoint", self.folder / "checkpoint.previous"):
            if folder.exists():
                break
        else:
            return
        weights = load_file(folder / "model.safetensors")
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(weights[name])
        flat = load_file(folder / "optimizer.safetensors")
        for i, optimizer in enumerate(self.optimizers):
            state: dict[int, dict[str, torch.Tensor]] = {}
            for key, value in flat.items():
                owner, index, name = key.split(".", 2)
                if int(owner) == i:
                    state.setdefault(int(index), {})[name] = value
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        self.step = json.loads((folder / "step.json").read_text())["step"]


def _validation_rows(store: TokenStore, config: TrainingConfig, batches: int = 6) -> list[torch.Tensor]:
    """Fixed rows of held-out text, documents taken in turn from a seeded order."""
    documents = np.random.default_rng(1).permutation(store.select("validation"))
    needed = batches * config.tokens_per_step + 1
    pieces, total = [], 0
    for document in documents:
        start, length = int(store.starts[document]), int(store.lengths[document])
        pieces.append(store.tokens[start : start + min(length, config.short_row)])
        total += len(pieces[-1])
        if total >= needed:
            break
    flat = np.concatenate(pieces).astype(np.int64) if pieces else np.zeros(0, dtype=np.int64)
    per_batch = config.tokens_per_step // config.short_row
    n_rows = (len(flat) - 1) // config.short_row
    if n_rows < 1:
        raise InputError("The corpus has too little validation text (2 % by hash); add documents.")
    rows = np.stack([flat[i * config.short_row : (i + 1) * config.short_row + 1] for i in range(n_rows)])
    return [torch.from_numpy(rows[i : i + per_batch]) for i in range(0, n_rows, per_batch)]
