"""Tiny models made on the spot: random weights, a byte-level tokenizer of 400 entries, no network."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
if "PYTEST_XDIST_WORKER" in os.environ:  # a test a processor, not a processor's threads for each of them
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from detector import LanguageModel
from detector.records.references import LengthBucket
from detector.scoring import TokenScores
from detector.training.tokenizer import DOCUMENT_BOUNDARY, train_tokenizer
from detector.verdict.classifier import Classifier
from detector.verdict.features import BASE_NAMES
from detector.verdict.segments import EvidenceWeights
from tests import warm_process

TRAINING_TEXT = (
    "The old man walked slowly to the harbour, and the boats were gone. He had counted them in the morning: "
    "seven, eight with the blue one. In 1984 there were twenty. What do you do with a harbour without boats? "
    "You walk to it anyway. It isn't far, and the dog likes the smell of the ropes."
)
CONTEXT = 32


def tiny_tokenizer(bos: bool = True, eos: bool = True) -> PreTrainedTokenizerFast:
    backend = train_tokenizer([TRAINING_TEXT], vocabulary_size=400)
    special = {}
    if bos:
        special["bos_token"] = DOCUMENT_BOUNDARY
    if eos:
        special["eos_token"] = DOCUMENT_BOUNDARY
    return PreTrainedTokenizerFast(tokenizer_object=backend, clean_up_tokenization_spaces=False, **special)


def tiny_llama(context: int = CONTEXT) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=context,
        tie_word_embeddings=False,
        initializer_range=0.3,  # large, so that the distributions are far from uniform
        bos_token_id=0,
        eos_token_id=0,
    )
    return LlamaForCausalLM(config)


@pytest.fixture(scope="session")
def tiny() -> LanguageModel:
    return LanguageModel(tiny_llama(), tiny_tokenizer(), name="tiny")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-model")
    tiny_llama().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def add_voices(folder: Path) -> None:
    """Two voices beside a tiny model: its last norm leans one way and the other."""
    plain = LanguageModel.load(folder, dtype="float32")
    (folder / "voices").mkdir()
    for name, end in (("human", 0.5), ("machine", -0.5)):
        change = {"model.norm.weight.change": torch.linspace(0, end, 32)}
        metadata = {"base_fingerprint": plain.fingerprint}
        save_file(change, folder / "voices" / f"{name}.safetensors", metadata=metadata)


@pytest.fixture(scope="session")
def tiny_with_voices(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder = tmp_path_factory.mktemp("voiced") / "model"
    shutil.copytree(tiny_folder, folder)
    add_voices(folder)
    return LanguageModel.load(folder)


@pytest.fixture(scope="session")
def warm_detect() -> Iterator[list[str]]:
    """The command that stands for ``python -m cli`` in a process of its own, without its seconds of loading."""
    with TemporaryDirectory() as folder:
        address = str(Path(folder) / "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen()
            server = subprocess.Popen(
                [sys.executable, "-m", "tests.warm_process", str(listener.fileno())],
                cwd=Path(__file__).parents[1],
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        with server:
            yield [sys.executable, "-I", "-S", warm_process.__file__, address]
            os.killpg(server.pid, signal.SIGTERM)  # with whatever a test left running


def make_scores(
    log_prob_nats: list[float],
    rank: list[int] | None = None,
    entropy_nats: list[float] | None = None,
    log_prob_variance: list[float] | None = None,
    max_log_prob_nats: list[float] | None = None,
) -> TokenScores:
    """Scores made by hand; what is not given is 1 for ranks and variances, 0 for the rest."""
    n = len(log_prob_nats)

    def column(values: list[float] | None, default: float) -> np.ndarray:
        return np.array(values if values is not None else [default] * n, dtype=np.float32)

    return TokenScores(
        token_ids=np.arange(n, dtype=np.int32),
        start_char=np.arange(n, dtype=np.int32),
        end_char=np.arange(1, n + 1, dtype=np.int32),
        log_prob_nats=column(log_prob_nats, 0),
        rank=np.array(rank if rank is not None else [1] * n, dtype=np.int32),
        entropy_nats=column(entropy_nats, 0),
        log_prob_variance=column(log_prob_variance, 1),
        max_log_prob_nats=column(max_log_prob_nats, 0),
        top_ids=np.zeros((n, 0), dtype=np.int32),
        top_log_prob_nats=np.zeros((n, 0), dtype=np.float32),
        first_token="after_bos",
        window_tokens=32,
        model_fingerprint="0" * 16,
    )


N_REFERENCES = 199


def make_classifier(language_model: LanguageModel, lean: float = 0.0) -> Classifier:
    """Score = ``lean`` - mean surprisal / 100; references at -0.1, -0.2 ... so that p-values can be read off."""
    names = list(BASE_NAMES)
    n = len(names)
    coefficients, scales = [0.0] * n, [1.0] * n
    coefficients[names.index("mean_surprisal")], scales[names.index("mean_surprisal")] = -10.0, 1000.0
    references = sorted(-i / 10 for i in range(N_REFERENCES))
    strongest = [i / 10 for i in range(N_REFERENCES)]
    return Classifier(
        feature_names=names,
        means=[0.0] * n,
        scales=scales,
        coefficients=coefficients,
        intercept=lean,
        ranges={},
        probability_slope=1.0,
        probability_intercept=0.0,
        buckets=[LengthBucket(least, references, references, strongest, strongest) for least in (50, 200)],
        most_tokens=1000,
        human_sentence_bits=[5.0, 7.0, 9.0],
        model_name=language_model.name,
        model_fingerprint=language_model.fingerprint,
        evidence=EvidenceWeights(0.0, 0.0, 0.0, 0.0, border_penalty=4.0),
        voices_fingerprint=None,
        lexical_fingerprint=None,
        data={},
    )


@pytest.fixture
def tiny_calibration(tiny: LanguageModel, tmp_path: Path) -> Path:
    path = tmp_path / "classifier.json"
    make_classifier(tiny).save(path)
    return path
