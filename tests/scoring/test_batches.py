"""Which windows go together, and which of their positions are wanted."""

from types import SimpleNamespace

import numpy as np
import torch

from detector.scoring.batches import plan_batches


def sequences(*lengths):
    return [
        SimpleNamespace(ids=np.arange(1000 * i, 1000 * i + n, dtype=np.int32), columns={})
        for i, n in enumerate(lengths)
    ]


def test_packed_batches_are_filled_by_what_is_read():
    plans = [batch.lengths for batch in plan_batches(sequences(9, 3, 6, 5), context=100, batch_tokens=12, packs=True)]
    assert plans == [[8], [5, 4, 2]]


def test_padded_batches_are_filled_by_the_longest():
    plans = [batch.lengths for batch in plan_batches(sequences(9, 3, 6, 5), context=100, batch_tokens=12)]
    assert plans == [[8], [5, 4], [2]]


def test_a_window_beyond_the_size_goes_alone_and_every_target_is_scored_once():
    batches = list(plan_batches(sequences(40, 3, 1), context=8, batch_tokens=4, packs=True))
    assert all(len(batch.jobs) == 1 for batch in batches if batch.lengths[0] > 4)
    targets = sorted(int(i) for batch in batches for i in batch.targets())
    assert targets == [*range(1, 40), 1001, 1002]


def test_wanted_rows_stand_before_their_targets_and_own_rows_at_them():
    for reads_last in (False, True):
        for batch in plan_batches(sequences(30, 3, 6), context=8, batch_tokens=20, packs=True, reads_last=reads_last):
            ids = batch.inputs()
            assert len(ids) == sum(batch.lengths)
            assert torch.equal(batch.wanted(ids) + 1, batch.targets())
            if reads_last:
                assert torch.equal(batch.own(ids), batch.targets())
