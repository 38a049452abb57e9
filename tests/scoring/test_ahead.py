import threading
from itertools import count

import pytest

from detector.scoring.ahead import ahead


def test_the_same_items_in_the_same_order():
    assert list(ahead(iter(range(100)), most=3)) == list(range(100))
    assert list(ahead(iter([]))) == []
    assert list(ahead(iter([None, None]))) == [None, None]


def test_the_next_item_is_made_while_one_is_used():
    made = [threading.Event() for _ in range(4)]

    def items():
        for i in range(4):
            made[i].set()
            yield i

    stream = ahead(items(), most=1)
    assert next(stream) == 0
    assert made[1].wait(30), "nobody asked for it yet"
    assert not made[3].is_set(), "no more than one item ahead"
    assert list(stream) == [1, 2, 3]


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise ValueError("no third")

    stream = ahead(items(), most=5)
    assert [next(stream), next(stream)] == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(stream)
    with pytest.raises(StopIteration):
        next(stream)


def test_closing_ends_the_thread():
    before = set(threading.enumerate())
    stream = ahead(count(), most=2)
    assert next(stream) == 0
    (thread,) = set(threading.enumerate()) - before
    stream.close()
    thread.join(30)
    assert not thread.is_alive()
