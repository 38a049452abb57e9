"""Threads by what a process may use: its affinity, and the quota of every control group around it."""

import os
import subprocess
import sys

import pytest
import torch

from detector.errors import UsageError
from detector.models.threads import usable_cores, use_threads, wait_asleep


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def write(root, path, content):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000", 8),
        ("400000 100000", 4),
        ("150000 100000", 1),
        ("50000 100000", 1),
        ("1600000 100000", 8),
        ("x", 8),
    ],
)
def test_a_quota_of_the_group_is_kept(tmp_path, eight_cores, quota, cores):
    write(tmp_path, "proc/self/cgroup", "0::/jobs/mine\n")
    write(tmp_path, "sys/fs/cgroup/jobs/mine/cpu.max", quota)
    assert usable_cores(tmp_path) == cores


def test_the_strictest_of_the_groups_around_it_counts(tmp_path, eight_cores):
    write(tmp_path, "proc/self/cgroup", "0::/jobs/mine\n")
    write(tmp_path, "sys/fs/cgroup/jobs/mine/cpu.max", "600000 100000")
    write(tmp_path, "sys/fs/cgroup/jobs/cpu.max", "300000 100000")
    assert usable_cores(tmp_path) == 3


def test_the_older_kind_of_groups_too(tmp_path, eight_cores):
    write(tmp_path, "proc/self/cgroup", "4:cpu,cpuacct:/box\n2:memory:/box\n")
    write(tmp_path, "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "250000")
    write(tmp_path, "sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000")
    write(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1")
    write(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000")
    assert usable_cores(tmp_path) == 2


def test_without_groups_the_affinity_counts(tmp_path, eight_cores):
    assert usable_cores(tmp_path) == 8


def test_threads_are_set_lowered_and_left(monkeypatch):
    before = torch.get_num_threads()
    try:
        assert use_threads(3) == torch.get_num_threads() == 3
        monkeypatch.setattr("detector.models.threads.usable_cores", lambda: 2)
        assert use_threads() == torch.get_num_threads() == 2
        torch.set_num_threads(1)  # asked for elsewhere
        assert use_threads() == torch.get_num_threads() == 1
        with pytest.raises(UsageError, match="at least 1"):
            use_threads(0)
    finally:
        torch.set_num_threads(before)


def test_waiting_threads_sleep_unless_told_otherwise(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    wait_asleep()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    code = "import sys, os, detector; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["PASSIVE", "False"]
