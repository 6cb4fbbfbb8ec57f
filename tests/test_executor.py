"""The same results in the same order, whatever does the work."""

import os
import sys
import time

import pytest

from toolkit.executor import SchedulerError, map_ordered


def _slow_square(number):
    time.sleep(0.02 if number % 5 == 0 else 0.0)  # the first of each five comes in last
    return number * number


def _process(_):
    return os.getpid()


def _fails_at_three(number):
    if number == 3:
        msg = "item three"
        raise ValueError(msg)
    return number


SQUARES = [number * number for number in range(40)]


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_map_ordered_keeps_the_order(jobs):
    assert list(map_ordered(_slow_square, range(40), jobs=jobs)) == SQUARES


def test_map_ordered_works_in_other_processes():
    found = set(map_ordered(_process, range(8), jobs=2))
    assert os.getpid() not in found
    assert set(map_ordered(_process, range(8))) == {os.getpid()}


def test_map_ordered_takes_items_as_they_are_needed():
    taken = []

    def items():
        for number in range(1000):
            taken.append(number)
            yield number

    results = map_ordered(_slow_square, items(), jobs=2)
    assert next(results) == 0
    assert len(taken) <= 10
    results.close()


def test_map_ordered_raises_at_the_turn_of_the_item():
    results = map_ordered(_fails_at_three, range(100), jobs=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="item three"):
        next(results)


def test_map_ordered_without_items():
    assert list(map_ordered(_slow_square, [], jobs=2)) == []


@pytest.fixture(scope="module")
def cluster():
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", processes=False
    ) as local:
        yield local.scheduler_address


def test_map_ordered_on_a_cluster_gives_the_same(cluster):
    assert list(map_ordered(_slow_square, range(40), scheduler=cluster)) == SQUARES


def test_map_ordered_on_a_cluster_raises_at_the_turn_of_the_item(cluster):
    results = map_ordered(_fails_at_three, range(100), scheduler=cluster)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="item three"):
        next(results)


def test_map_ordered_says_that_a_scheduler_is_not_there():
    with pytest.raises(SchedulerError, match=r"cannot be reached .*; start one with `dask sched"):
        list(map_ordered(_slow_square, [1], scheduler="tcp://127.0.0.1:9"))


def test_map_ordered_says_that_a_scheduler_has_no_worker():
    import distributed

    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0", processes=False) as local,
        pytest.raises(SchedulerError, match=r"has no worker; start some with `dask worker"),
    ):
        list(map_ordered(_slow_square, [1], scheduler=local.scheduler_address))


def test_map_ordered_says_what_a_scheduler_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SchedulerError, match=r"not installed; pip install .*\[cluster\]"):
        list(map_ordered(_slow_square, [1], scheduler="tcp://127.0.0.1:9"))


def test_map_ordered_refuses_no_jobs():
    with pytest.raises(ValueError, match="jobs must be at least 1, but got 0"):
        map_ordered(_slow_square, [1], jobs=0)
