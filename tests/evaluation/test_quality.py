import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.evaluation.metrics import auroc, tpr_at_fpr
from detector.evaluation.quality import RESAMPLES, intervals

SCORES = st.lists(st.integers(0, 30).map(lambda n: n / 7), min_size=1, max_size=120).map(np.array)


@settings(max_examples=10, deadline=None)
@given(SCORES, SCORES)
def test_intervals_are_quantiles_of_the_figures_of_resampled_texts(human, machine):
    rng = np.random.default_rng(5)
    resampled = []
    for _ in range(RESAMPLES):
        humans, machines = rng.choice(human, len(human)), rng.choice(machine, len(machine))
        resampled.append(
            (auroc(humans, machines), tpr_at_fpr(humans, machines, 0.01), tpr_at_fpr(humans, machines, 0.05))
        )
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    found = intervals(human, machine, seed=5)
    assert [estimate.low for estimate in found] == low.tolist()
    assert [estimate.high for estimate in found] == high.tolist()
    assert found[0].value == auroc(human, machine)
    assert [found[1].value, found[2].value] == [tpr_at_fpr(human, machine, fpr) for fpr in (0.01, 0.05)]
