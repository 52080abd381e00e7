"""What would bend the past of an extended plan, or makes none, is refused with what to do about it."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from extended_cases import more, simple

from mixsched import Phase, Plan, Schedule, Share, Tokens, UsageError


def shares() -> Plan:
    schedule = Schedule((Phase("p", Share(1), {"text": 1}),), batch_size=10, context_tokens=4, length=Tokens(4_000))
    return Plan(schedule, {"text": 400}, seed=0)


@pytest.mark.parametrize(
    ("extend", "said"),
    [
        (lambda: simple().extend(), "`phases` to extend a plan by must be at least one"),
        (lambda: simple().extend([more()]), "must not be a list; give one Phase or more"),  # pyright: ignore[reportArgumentType]
        (lambda: simple().extend(more(lr=None)), "`lr` of phase 'q' must be given, for the curve before it would be"),
        (lambda: simple().extend(more(Share(0.2))), r"`length` of phase 'q' must be in Tokens, .* got 20%"),
        (lambda: simple().extend(more(), more(Share(0.2), name="r")), "`length` of phase 'r' must be in Tokens"),
        (lambda: shares().extend(more()), r"'q' are shares of a run of 4,000 tokens, .* in Steps, here 100"),
        (lambda: simple().extend(more(name="p")), "must have different names, 'p' stands there twice"),
        (lambda: simple().extend(more(mix={"txet": 1})), r"name the source 'txet', .* did you mean 'text'\?"),
        (lambda: simple().extend(more(), sources={"text": 7}), "`sources` gives 'text' 7 rows, the plan has 400"),
        (lambda: simple().extend(more(), sources=["math"]), r"`sources` must not be .*; give the rows of each"),  # pyright: ignore[reportArgumentType]
        (lambda: simple().extend(more(mix={"new": 1}), sources={"new": 0}), "`rows` of source 'new' must be a whole"),
    ],
)
def test_what_cannot_go_on_is_refused_with_the_remedy(extend: Callable[[], Plan], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        extend()


@pytest.mark.parametrize(
    ("extended_at", "said"),
    [
        ((50,), "at which a phase after the first begins, here 100, 150, got 50"),
        ((0,), "here 100, 150, got 0"),
        ((150, 100), r"must rise from step to step, got \[150, 100\]"),
        ((100, 100), r"must rise from step to step, got \[100, 100\]"),
        ((100.0,), "got 100.0"),
        ([100], r"`extended_at` of a plan must not be \[100\]; give a tuple of steps"),
        ((150,), "`lr` of phase 'r' must be given"),
    ],
)
def test_seams_that_cannot_be_are_refused(extended_at: tuple[int, ...], said: str) -> None:
    plan = simple().extend(more(), more(name="r", lr=None))
    with pytest.raises(UsageError, match=said):
        dataclasses.replace(plan, extended_at=extended_at)
    if isinstance(extended_at, tuple):
        declared = {name: part for name, part in plan.to_json().items() if name != "fingerprint"}
        with pytest.raises(UsageError, match=said):
            Plan.from_json(declared | {"extended_at": list(extended_at)})


def test_numpys_steps_are_pythons() -> None:
    plan = simple().extend(more())
    again = dataclasses.replace(plan, extended_at=(np.int32(100),))
    assert again == plan
    assert type(again.extended_at[0]) is int
    with pytest.raises(UsageError, match="`extended_at` of a plan must be a list"):
        Plan.from_json(plan.to_json() | {"extended_at": 100})
