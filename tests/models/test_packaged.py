"""A packaged model is found, checked, converted once and only used whole; with a tiny package made here."""

import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import detector
from detector import LanguageModel, ModelError
from detector.errors import DetectorNotice, DetectorWarning
from detector.models import cache, packaged
from detector.models.catalogue import SMOLLM2, PackagedModel, installed_version
from detector.models.packaged import MANIFEST, converted_folder, find_file, is_whole, model_folder, remove_conversion
from tests.conftest import tiny_llama
from tests.models.gguf_made_here import tiny_gguf
from tests.models.packages_made_here import only_distribution

ROOT = Path(detector.__file__).parents[1]
FILE = "llm_tiny/tiny.gguf"


@pytest.fixture(scope="module")
def tiny_bytes(tmp_path_factory):
    """A GGUF file in float16, so that rounding to bfloat16 changes the weights."""
    from gguf import GGMLQuantizationType

    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    return tiny_gguf(path, kind=GGMLQuantizationType.F16, pre="smollm").read_bytes()


@pytest.fixture
def tiny_package(tiny_bytes, tmp_path, monkeypatch):
    """A description of the tiny model, which is installed; the cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    packaged._temporary_folder.cache_clear()
    only_distribution(monkeypatch, tmp_path, "llm-tiny", "1.0", {FILE: tiny_bytes})
    return tiny_model(tiny_bytes)


def tiny_model(content: bytes) -> PackagedModel:
    return replace(
        SMOLLM2,
        name="tiny",
        distribution="llm-tiny",
        version="1.0",
        file=FILE,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def test_the_conversion_is_the_model_rounded_once_to_bfloat16(tiny_package):
    folder = model_folder(tiny_package)
    assert folder == converted_folder(tiny_package)
    stored = load_file(folder / "model.safetensors")
    expected = dict(tiny_llama().named_parameters())
    assert stored.keys() == expected.keys()
    for name, parameter in expected.items():
        exact = parameter.detach() if parameter.dim() == 1 else parameter.detach().half().float()
        assert torch.equal(stored[name], exact.to(torch.bfloat16)), name
    loaded = LanguageModel.load(folder, device="cpu", dtype="bfloat16")
    assert (loaded.prefix_id, loaded.first_token) == (0, "after_bos")
    assert loaded.model.config.rms_norm_eps == 1e-6  # as written, not as float32 has it


def test_a_second_call_converts_nothing_and_a_first_one_says_that_it_does(tiny_package):
    with pytest.warns(DetectorNotice, match="Converting tiny once into"):
        folder = model_folder(tiny_package)
    before = (folder / "model.safetensors").stat().st_mtime_ns
    with warnings.catch_warnings():
        warnings.simplefilter("error", DetectorNotice)
        assert model_folder(tiny_package) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    assert not list(folder.parent.glob(".*"))


@pytest.mark.parametrize("damage", ["no manifest", "short weights", "other config", "other source", "no object"])
def test_a_conversion_that_is_not_whole_is_made_again(tiny_package, damage):
    folder = model_folder(tiny_package)
    good = (folder / "config.json").read_bytes()
    manifest = json.loads((folder / MANIFEST).read_text())
    if damage == "no manifest":
        (folder / MANIFEST).unlink()
    elif damage == "short weights":
        weights = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(weights[:-1])
    elif damage == "other config":
        (folder / "config.json").write_bytes(good.replace(b"silu", b"relu"))
    elif damage == "other source":
        (folder / MANIFEST).write_text(json.dumps(manifest | {"source_sha256": "0" * 64}))
    else:
        (folder / MANIFEST).write_text("[]")
    assert not is_whole(folder, tiny_package)
    assert model_folder(tiny_package) == folder
    assert is_whole(folder, tiny_package)
    assert (folder / "config.json").read_bytes() == good
    assert not list(folder.parent.glob(".*"))


def test_removing_frees_the_copy_and_what_was_broken_off(tiny_package):
    folder = model_folder(tiny_package)
    left = folder.parent / ".unfinished-tiny-abc"
    left.mkdir()
    (left / "model.safetensors").write_bytes(b"12345")
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert remove_conversion(tiny_package) == size + 5
    assert not folder.exists()
    assert remove_conversion(tiny_package) == 0
    assert find_file(tiny_package).is_file()


def test_another_version_is_named_with_the_command(tiny_bytes, tmp_path, monkeypatch):
    only_distribution(monkeypatch, tmp_path, "llm-tiny", "1.1", {FILE: tiny_bytes})
    with pytest.raises(ModelError, match=r"version 1\.1, and tiny is read from 1\.0 alone.*--no-deps llm-tiny==1\.0"):
        find_file(tiny_model(tiny_bytes))


def test_a_package_without_its_file(tmp_path, monkeypatch, tiny_bytes):
    only_distribution(monkeypatch, tmp_path, "llm-tiny", "1.0")
    with pytest.raises(ModelError, match=r"without its file llm_tiny/tiny\.gguf.*--force-reinstall --no-deps"):
        find_file(tiny_model(tiny_bytes))


def test_a_truncated_file(tiny_package, tmp_path):
    path = tmp_path / "site-packages" / FILE
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match=rf"truncated or changed: it has {tiny_package.size_bytes - 100} bytes"):
        model_folder(tiny_package)


def test_another_hash_leaves_nothing_behind(tiny_package, tmp_path):
    path = tmp_path / "site-packages" / FILE
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not the file it should be: its sha256 is"):
        model_folder(tiny_package)
    assert not list(converted_folder(tiny_package).parent.iterdir())


def test_a_full_disk(tiny_package, tmp_path, monkeypatch):
    real = Path.write_bytes

    def full(path, content):
        if path.name == "tokenizer.json":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ModelError, match=r"is full; .* Free some space, or set XDG_CACHE_HOME"):
        model_folder(tiny_package)
    assert not list(converted_folder(tiny_package).parent.iterdir())


@pytest.fixture
def read_only(monkeypatch):
    """``read_only(folder)``: nothing can be made below it, whoever runs the tests."""
    real = os.mkdir
    forbidden = []

    def mkdir(path, *args, **kwargs):
        if any(Path(path).is_relative_to(folder) for folder in forbidden):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "mkdir", mkdir)
    return forbidden.append


def test_a_read_only_home_gets_a_temporary_folder_once_in_a_run(tiny_package, tmp_path, read_only):
    read_only(tmp_path / "cache")
    with pytest.warns(DetectorWarning, match="cannot be written.*temporary folder, for this run alone"):
        folder = model_folder(tiny_package)
    assert not folder.is_relative_to(tmp_path / "cache")
    assert is_whole(folder, tiny_package)
    assert model_folder(tiny_package) == folder


def test_no_room_anywhere(tiny_package, tmp_path, read_only):
    read_only(Path("/"))
    with pytest.raises(ModelError, match=r"no temporary folder can be written either.*use --model small"):
        model_folder(tiny_package)


def test_a_cache_of_another_user_is_neither_read_nor_written(tiny_package, monkeypatch):
    folder = model_folder(tiny_package)
    (folder / "tokenizer.json").write_bytes(b"planted")
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.warns(DetectorWarning, match="belongs to another user, so tiny is converted into a temporary folder"):
        temporary = model_folder(tiny_package)
    assert temporary != folder
    assert (folder / "tokenizer.json").read_bytes() == b"planted"


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_cache_that_anyone_may_write_is_not_trusted(tiny_package, level):
    folder = model_folder(tiny_package)
    open_to_all = [folder, *folder.parents][level]
    open_to_all.chmod(0o777)
    assert cache.distrust(folder) == f"{open_to_all} may be written by anyone"
    if level == 3:  # the root may be a shared one where nobody renames what is another's
        open_to_all.chmod(0o777 | stat.S_ISVTX)
        assert cache.distrust(folder) is None


def test_a_cache_home_that_is_relative_is_passed_over(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache.cache_root() == Path("/home/somebody/.cache")


TWO_AT_ONCE = """
import sys, time
from pathlib import Path
from tests.models.test_packaged import tiny_model
from tests.models.packages_made_here import only_distribution
from detector.models import packaged
import detector.models.llama_folder, pytest
site, start = Path(sys.argv[1]), Path(sys.argv[2])
content = (site / "site-packages" / "llm_tiny" / "tiny.gguf").read_bytes()
with pytest.MonkeyPatch.context() as patch:
    only_distribution(patch, site, "llm-tiny", None)
    print("ready", flush=True)
    sys.stdin.readline()
    real = packaged._put_in_place
    def late(*args):  # both have converted before either is put in place
        (start / sys.argv[3]).touch()
        while len(list(start.iterdir())) < 2:
            time.sleep(0.01)
        real(*args)
    packaged._put_in_place = late
    print(packaged.model_folder(tiny_model(content)), flush=True)
"""


def test_two_first_runs_at_once_end_with_one_conversion(tiny_package, tmp_path):
    start = tmp_path / "start"
    start.mkdir()
    command = [sys.executable, "-W", "ignore", "-c", TWO_AT_ONCE, str(tmp_path), str(start)]
    both = [
        subprocess.Popen([*command, name], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in "ab"
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    said = []
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in both:
        said.append(process.communicate(timeout=120)[0].strip())
        assert process.returncode == 0
    folder = converted_folder(tiny_package)
    assert said == [str(folder)] * 2
    assert is_whole(folder, tiny_package)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


needs_smollm2 = pytest.mark.skipif(
    installed_version(SMOLLM2) != SMOLLM2.version, reason=f"needs: {SMOLLM2.install_command}"
)


@pytest.fixture(scope="module")
def smollm2():
    return LanguageModel.load("smollm2", device="cpu", dtype="bfloat16")


@needs_smollm2
def test_smollm2_is_the_very_model_that_calibrations_are_bound_to(smollm2):
    assert smollm2.fingerprint == "a49a8f18a9e1a9e1"
    assert (smollm2.name, smollm2.prefix_id, smollm2.first_token) == ("smollm2", 0, "after_bos")
    assert smollm2.prefix.token == "<|endoftext|>"
    assert smollm2.prefix_need.divergence_nats < 0.2
    assert not smollm2.repeats_prefix
    assert smollm2.uses_chunked_head
    assert smollm2.context_tokens == 8192


@needs_smollm2
def test_smollm2_has_the_same_weights_in_both_formats(smollm2):
    precise = LanguageModel.load("smollm2", device="cpu", dtype="float32").model
    for (name, rounded), (_, exact) in zip(smollm2.model.named_parameters(), precise.named_parameters(), strict=True):
        assert torch.equal(rounded.float(), exact), name


@needs_smollm2
def test_smollm2_reads_digits_one_by_one_and_english_well(smollm2):
    tokens = smollm2.tokenizer.convert_ids_to_tokens(smollm2.encoder.encode("In 1984 we")[0])
    assert tokens == ["In", "Ġ", "1", "9", "8", "4", "Ġwe"]
    from detector import score_texts

    essay = (ROOT / "datasets" / "samples" / "essay.txt").read_text(encoding="utf-8")[:1500]
    shuffled = " ".join(np.random.default_rng(0).permutation(essay.split()).tolist())
    ordinary, disordered = (s.log_prob_nats.mean() for s in score_texts(smollm2, [essay, shuffled]))
    assert -4 < ordinary < -2 < 0
    assert ordinary > disordered + 2
