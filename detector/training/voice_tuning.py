"""The two voices: the base model tuned further on human and on machine text of the same domains.

A voice differs from the base by a low-rank change of every matrix and of the output head
(W + U D; LoRA, Hu et al. 2021), and freely in its norms. The input embeddings stay the base's.
Every domain gives both voices the same number of tokens, so that the ratio of their likelihoods
says who wrote a text and not what it is about.
"""

import copy
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import LlamaForCausalLM

from detector.documents.hashing import unit_hash
from detector.errors import InputError, ModelError, UsageError
from detector.evaluation.labelled_texts import LabelledText
from detector.models.language_model import LanguageModel
from detector.models.voices import VOICE_NAMES, VoiceName
from detector.training.roles import VoiceDomain
from detector.training.rows import DocumentRows
from detector.training.trainer import Schedule, Trainer, mean_loss
from detector.training.voices_card import voices_card

VALIDATION_SHARE = 0.04


@dataclass(frozen=True)
class VoiceConfig(Schedule):
    """What decides the numbers of a voice, beside its texts."""

    budget_may_change: ClassVar[bool] = False  # the choice of texts depends on it

    tokens_per_step: int = 4_096
    tokens: int = 3_000_000
    optimizer: str = "adamw"
    other_learning_rate: float = 2e-3
    weight_decay: float = 0.0
    warmup_steps: int = 20
    decay_share: float = 0.8
    row_length: int = 512
    rank: int = 32
    """Rank of the change of each matrix; 0 tunes all weights."""
    voice: VoiceName = "human"
    base_fingerprint: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.voice not in VOICE_NAMES:
            raise UsageError(f"Unknown voice {self.voice!r}. Allowed: {', '.join(VOICE_NAMES)}.")
        if not 2 <= self.row_length <= self.tokens_per_step:
            raise UsageError(f"row_length is {self.row_length}; it must be from 2 to tokens_per_step.")


class _LowRankChange(nn.Module):
    """W becomes W + up @ down; zero change at the start."""

    def __init__(self, rows: int, columns: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, columns) / columns**0.5)
        self.up = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down


def make_tunable(model: LlamaForCausalLM, rank: int, seed: int) -> None:
    """Freeze ``model`` but for a low-rank change of its matrices and head, and its norms; rank 0 frees all."""
    if rank == 0:
        return
    torch.manual_seed(seed)
    model.requires_grad_(False)
    # The head gets weights of its own, which the input embeddings do not share.
    model.lm_head.weight = nn.Parameter(model.lm_head.weight.detach().clone(), requires_grad=False)
    for module in list(model.modules()):
        if isinstance(module, nn.Linear):
            rows, columns = module.weight.shape
            change = _LowRankChange(rows, columns, rank)
            parametrize.register_parametrization(module, "weight", change)
        elif not isinstance(module, nn.Embedding):
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(parameter.ndim == 1)


def change_of(model: LlamaForCausalLM, base: LlamaForCausalLM) -> dict[str, Tensor]:
    """What tuning changed, under the names of the base's parameters: ``.up`` and ``.down``, or ``.change``."""
    tensors = {}
    before = dict(base.named_parameters())
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        plain = name.replace(".parametrizations.weight.0.", ".weight.")
        if plain.endswith((".up", ".down")):
            tensors[plain] = parameter.detach().to("cpu", torch.bfloat16).contiguous()
        else:
            change = parameter.detach().cpu() - before[plain].detach().cpu()
            tensors[f"{plain}.change"] = change.to(torch.bfloat16).contiguous()
    return tensors


def tune_voice(
    language_model: LanguageModel,
    domains: list[VoiceDomain],
    config: VoiceConfig,
    run: Path,
    out: Path,
    report: Callable[[str], None],
    device: str = "cpu",
) -> Path:
    """Tune one voice and write ``OUT/VOICE.safetensors`` and what is known of it as ``OUT/VOICE.json``.

    Continues a run that was broken off.
    """
    if not isinstance(language_model.model, LlamaForCausalLM):
        raise ModelError(f"{language_model.name} is not a Llama model; voices are tuned from the models trained here.")
    documents, validation = voice_documents(language_model, domains, config)
    rows = DocumentRows(
        documents, validation, config.row_length, config.tokens_per_step // config.row_length, config.seed
    )
    base = language_model.model
    before = mean_loss(base.model.to(device), base.lm_head, rows.validation, device)
    model = copy.deepcopy(base).train()
    model.config.use_cache = False
    make_tunable(model, config.rank, config.seed)
    trainer = Trainer(config, model, rows, run, device)
    report(f"{config.voice}: validation loss of the base {before:.4f} nats a token")
    trainer.run(report=report, evaluate_every=100)
    after = trainer.validation_loss()
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{config.voice}.safetensors"
    save_file(change_of(model, base), path, metadata={"base_fingerprint": config.base_fingerprint})
    facts = {
        "tokens_seen": trainer.step * config.tokens_per_step,
        "texts": {domain.name: len(getattr(domain, config.voice)) for domain in domains if domain.usable},
        "validation_loss_nats_base": before,
        "validation_loss_nats": after,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "tuning": asdict(config),
    }
    path.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")
    (out / "README.md").write_text(voices_card(out))
    return path


def voice_documents(
    language_model: LanguageModel, domains: list[VoiceDomain], config: VoiceConfig
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """The token ids of a voice's texts for the whole budget, shuffled, and of its validation texts.

    A domain's share of the tokens is its share of the *human* tokens, for both voices; within it
    the sides read their texts round and round, machine texts in turn over their generators.
    """
    prefix = [] if language_model.prefix_id is None else [language_model.prefix_id]

    def encode(text: LabelledText) -> NDArray[np.int64]:
        return np.concatenate([prefix, language_model.encoder.encode(text.text)[0]]).astype(np.int64)

    encoded = {
        domain.name: {side: _by_generator(getattr(domain, side)) for side in VOICE_NAMES}
        for domain in domains
        if domain.usable
    }
    if not encoded:
        raise InputError("No domain has both human and machine texts to tune the voices on.")
    human_words = {d.name: sum(len(t.text.split()) for t in d.human) for d in domains if d.name in encoded}
    rng = np.random.default_rng(config.seed)
    chosen: list[NDArray[np.int64]] = []
    validation: list[NDArray[np.int64]] = []
    for name, sides in encoded.items():
        budget = config.tokens * human_words[name] / sum(human_words.values())
        texts = sides[config.voice]
        held_out = [t for t in texts if unit_hash("voice validation:" + t.pair_id) < VALIDATION_SHARE]
        tuned = [encode(t) for t in texts if unit_hash("voice validation:" + t.pair_id) >= VALIDATION_SHARE]
        validation += [encode(t) for t in held_out]
        if tuned:
            chosen += _take(tuned, budget)
    held_out_order = np.random.default_rng(1).permutation(len(validation))  # the same whatever the budget
    return [chosen[i] for i in rng.permutation(len(chosen))], [validation[i] for i in held_out_order]


def _by_generator(texts: list[LabelledText]) -> list[LabelledText]:
    """The texts in an order in which every (data set, generator) comes in turn."""
    groups: dict[tuple[str, str], list[LabelledText]] = defaultdict(list)
    for text in sorted(texts, key=lambda t: unit_hash(f"order:{t.pair_id}:{t.text[:80]}")):
        groups[text.dataset, text.generator].append(text)
    return [t for t in chain.from_iterable(zip_longest(*groups.values())) if t is not None]


def _take(documents: list[NDArray[np.int64]], budget: float) -> list[NDArray[np.int64]]:
    """Documents in order, round and round, until they hold ``budget`` tokens."""
    taken: list[NDArray[np.int64]] = []
    for document in _round_and_round(documents):
        if budget <= 0:
            break
        taken.append(document)
        budget -= len(document)
    return taken


def _round_and_round(documents: list[NDArray[np.int64]]) -> Iterator[NDArray[np.int64]]:
    while True:
        yield from documents
