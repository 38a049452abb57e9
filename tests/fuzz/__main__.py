"""``python -m tests.fuzz TARGET --minutes 10``: looks for bytes that one target does not end well with.

By atheris, led by coverage, where that is installed (``pip install atheris``; Linux and macOS), else by Hypothesis.
A finding is written to ``tests/fuzz/findings/TARGET/``, where the tests find it: keep it there once it is mended.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

FINDINGS = Path(__file__).parent / "findings"
_LED_BY = ["detector", "zipfile", "starlette.formparsers", "python_multipart"]
"""Modules whose coverage leads the fuzzing."""
_SLOW_SECONDS = 25
_MOST_MEGABYTES = 4096


def main() -> int:
    if "--inside" in sys.argv:  # before anything is imported whose coverage counts
        _be_atheris(sys.argv[1], float(sys.argv[3]))
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target (default: 10)")
    parser.add_argument(
        "--engine", choices=["atheris", "hypothesis"], default="atheris" if find_spec("atheris") else "hypothesis"
    )
    given = parser.parse_args()
    worst = 0
    for target in TARGETS if given.target == "all" else [given.target]:
        (FINDINGS / target).mkdir(parents=True, exist_ok=True)
        before = set((FINDINGS / target).iterdir())
        run = _run_atheris if given.engine == "atheris" else _run_hypothesis
        n = run(target, given.minutes)
        found = sorted(set((FINDINGS / target).iterdir()) - before)
        print(
            f"{target}: {n:,} inputs by {given.engine}, {len(found)} findings{''.join(f', {path}' for path in found)}",
            flush=True,
        )
        if not any((FINDINGS / target).iterdir()):
            (FINDINGS / target).rmdir()
        worst |= bool(found)
    return worst


def _run_atheris(name: str, minutes: float) -> int:
    """How many inputs; in a process of its own, which it ends."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--minutes", str(minutes), "--inside"]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = said.stdout.decode(errors="replace").splitlines()
    counted = next((line for line in reversed(lines) if line.startswith("stat::number_of_executed")), "")
    if said.returncode:
        print(*lines[-60:], sep="\n")
    return int(counted.rpartition(" ")[2] or 0)


def _be_atheris(name: str, minutes: float) -> None:
    import atheris

    with atheris.instrument_imports(include=_LED_BY, enable_loader_override=False):
        from tests.fuzz.targets import TARGETS

        target = TARGETS[name]
        for seed in target.seeds():  # imports what is imported late
            target.check(seed)
    with tempfile.TemporaryDirectory() as corpus:
        for seed in target.seeds():
            (Path(corpus) / hashlib.sha256(seed).hexdigest()[:20]).write_bytes(seed)
        options = {
            "max_total_time": round(60 * minutes),
            "timeout": _SLOW_SECONDS,
            "rss_limit_mb": _MOST_MEGABYTES,
            "max_len": 50_000,
            "artifact_prefix": f"{FINDINGS / name}/",
            "print_final_stats": 1,
        }
        atheris.Setup([sys.argv[0], corpus, *(f"-{key}={value}" for key, value in options.items())], target.check)
        atheris.Fuzz()


def _run_hypothesis(name: str, minutes: float) -> int:
    from hypothesis import HealthCheck, given, settings

    from tests.fuzz.mutation import mutated
    from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    until = time.monotonic() + 60 * minutes
    n = 0

    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mutated(target.seeds()))
    def check(data: bytes) -> None:
        nonlocal n
        if time.monotonic() > until:
            return
        n += 1
        try:
            target.check(data)
        except Exception:
            (FINDINGS / name / f"hypothesis-{hashlib.sha256(data).hexdigest()[:20]}").write_bytes(data)
            raise

    while time.monotonic() < until:
        try:
            check()
        except Exception as error:  # it is kept, and there may be others
            print(f"{type(error).__name__}: {error}")
            break
    return n


if __name__ == "__main__":
    sys.exit(main())
