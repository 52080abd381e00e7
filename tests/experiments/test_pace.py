"""The time left is told from what was measured, and not before."""

import pytest

from experiments.grid.pace import Left, Pace, spoken
from experiments.grid.work import Ended


def test_nothing_is_said_before_a_part_was_measured():
    pace = Pace()
    left = Left(tokens=1_000, evaluations=1, judgements=0)
    assert pace.left_s(left, [], workers=1) is None
    pace.add(Ended("one", "done", tokens=500, train_s=10.0))
    assert pace.left_s(left, [], workers=1) == (20.0, ("evaluations",))
    assert pace.left_s(Left(0, 1, 1), [], workers=1) is None
    pace.add(Ended("two", "done", tokens=500, train_s=10.0, evaluation_s=6.0))
    assert pace.left_s(left, [], workers=1) == (26.0, ())


def test_workers_share_what_is_left_and_what_trains_now_counts():
    pace = Pace()
    pace.add(Ended("one", "done", tokens=100, train_s=1.0, evaluation_s=2.0, judging_s=4.0))
    pace.add(Ended("two", "failed", why="..."))
    left = Left(tokens=600, evaluations=3, judgements=1)
    told = pace.left_s(left, [(300, 1.0), (0, 9.0)], workers=2)
    assert told == (pytest.approx((600 * 2 / 400 + 3 * 2 + 4) / 2), ())


@pytest.mark.parametrize(("seconds", "words"), [(42.3, "42 s"), (600, "10 min"), (12_240, "3.4 h")])
def test_a_duration_is_spoken(seconds, words):
    assert spoken(seconds) == words
