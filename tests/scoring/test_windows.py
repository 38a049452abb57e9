import pytest

from detector.scoring.windows import plan_windows


@pytest.mark.parametrize("context", [2, 3, 4, 5, 8, 32])
@pytest.mark.parametrize("n_ids", [0, 1, 2, 3, 5, 8, 9, 31, 32, 33, 34, 100])
def test_every_id_but_the_first_is_scored_once_with_half_a_window_before_it(context, n_ids):
    windows = list(plan_windows(n_ids, context))
    scored = [i for w in windows for i in range(w.first_target, w.end)]
    assert scored == list(range(1, n_ids))
    for window in windows:
        assert 0 < window.input_length <= context
        assert window.begin < window.first_target
        if window.begin > 0:
            assert window.first_target - window.begin >= context / 2


def test_a_text_of_exactly_one_window_is_not_split():
    # 4 ids are read and the fifth is predicted from them.
    assert len(list(plan_windows(5, context=4))) == 1
    assert len(list(plan_windows(6, context=4))) == 2


def test_a_context_of_one_token_is_refused():
    with pytest.raises(ValueError, match="context is 1"):
        list(plan_windows(5, context=1))
