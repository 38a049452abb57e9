"""Every target ends well with its seeds, with seeds changed at random, and with all that fuzzing ever found."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import FINDINGS
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS

FOUND = sorted(path for path in FINDINGS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name[:16]}")
def test_what_was_found_once_ends_well(path):
    TARGETS[path.parent.name].check(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_changed_seeds_end_well(name):
    target = TARGETS[name]
    seeds = target.seeds()
    assert seeds
    for seed in (*seeds, b"", *(seed[: len(seed) // 2] for seed in seeds)):
        target.check(seed)

    # The same inputs every time: looking for new ones is what `python -m tests.fuzz` is for.
    @settings(max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.one_of(mutated(seeds), st.binary(max_size=50)))
    def check(data):
        target.check(data)

    check()
