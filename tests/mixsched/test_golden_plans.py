"""Plans of every kind serve the very samples that they served before: their bytes are pinned in golden/plans.json.

Whoever changes one of them must raise PLAN_FORMAT, so that no run is continued with other samples than it began with.
Digests of a new kind of plan are printed by the failing test.
"""

import hashlib
import json
import pathlib
from fractions import Fraction

import numpy as np
import pytest

from mixsched import Group, Limit, Phase, Plan, Ramp, Samples, Schedule, Share, Steps, Table, Tokens
from mixsched.declaration import PLAN_FORMAT

GOLDEN = pathlib.Path("tests/golden/plans.json")
MIX = {"text": 0.75, "code": Group(0.25, {"web_code": 0.8, "markup": 0.2})}
LATE = {"text": 0.4, "math": 0.4, "web_code": 0.2}
ROWS = {"text": 900, "web_code": 211, "markup": 40, "math": 97}


def plan(*phases: Phase, batch_size: int = 24, seed: int = 0, **declared: object) -> Plan:
    length = declared.pop("length", None)
    schedule = Schedule(phases, batch_size=batch_size, context_tokens=16, length=length)  # pyright: ignore[reportArgumentType]
    return Plan(schedule, declared.pop("rows", ROWS), seed=seed, **declared)  # pyright: ignore[reportArgumentType]


def many_sources() -> Plan:
    parts = {f"source {place:03}": place**2 + 1 for place in range(300)}
    mix = {name: Fraction(part, sum(parts.values())) for name, part in parts.items()}
    return plan(Phase("p", Steps(400), mix), batch_size=37, rows={name: 50 + part % 13 for name, part in parts.items()})


def amended() -> Plan:
    first = plan(Phase("p", Steps(300), MIX), limits={"web_code": Limit(4)})
    second = first.amend(100, Ramp(MIX, LATE), sources=ROWS)
    return second.amend(101, {"markup": "1/3", "text": "2/3"}).amend(250, {"text": 0.9, "web_code": 0.1})


def extended() -> Plan:
    """After an amendment that lasts to the end, with a source that the amendment brought in, a limit, and once more."""
    first = plan(Phase("p", Steps(200), MIX), limits={"web_code": Limit(4)}, pools={"text": 300})
    second = first.amend(150, {"text": 0.7, "math": 0.3}, sources=ROWS).extend(
        Phase("q", Samples(900), Ramp(LATE, MIX), batch_size=7), Phase("r", Steps(40), LATE)
    )
    third = second.extend(Phase("s", Steps(50), {"web_code": 0.5, "text": 0.5}))
    return third.amend(second.total_steps + 10, {"markup": 1})


PLANS = {
    "fixed": lambda: plan(Phase("p", Steps(300), MIX)),
    "another seed": lambda: plan(Phase("p", Steps(300), MIX), seed=1),
    "two phases": lambda: plan(Phase("a", Tokens(50_000), MIX), Phase("b", Samples(1_000), LATE, batch_size=7)),
    "shares": lambda: plan(Phase("a", Share("0.7"), MIX), Phase("b", Share("0.3"), LATE), length=Tokens(99_999)),
    "linear ramp": lambda: plan(Phase("p", Steps(300), Ramp(MIX, LATE))),
    "cosine ramp": lambda: plan(Phase("p", Steps(300), Ramp(MIX, LATE, "cosine"))),
    "table": lambda: plan(Phase("p", Steps(300), Table((("0", MIX), ("0.3", LATE), ("1", {"markup": 1}))))),
    "thirds and 1e-12": lambda: plan(
        Phase("a", Steps(200), {"text": "1/3", "web_code": "2/3"}),
        Phase("b", Steps(200), {"text": Fraction(1, 10**12), "web_code": 1 - Fraction(1, 10**12)}),
    ),
    "rounded weights": lambda: plan(
        Phase("a", Steps(200), {"text": Fraction(1, 10**17), "web_code": 1 - Fraction(1, 10**17)}),
        Phase("b", Steps(200), Ramp({"text": "1/3", "web_code": "2/3"}, {"math": 1})),
    ),
    "hand over": lambda: plan(
        Phase("p", Steps(300), Ramp(MIX, LATE)), limits={"math": Limit(2), "web_code": Limit("2.5")}
    ),
    "stop": lambda: plan(Phase("p", Steps(300), MIX), limits={"markup": Limit(1, "stop")}),
    "pools": lambda: plan(Phase("p", Steps(300), MIX), pools={"text": 100, "web_code": 30}),
    "amended": amended,
    "extended": extended,
    "many sources": many_sources,
    "one source": lambda: plan(Phase("p", Steps(300), {"text": 1}), batch_size=1),
    "a large batch": lambda: plan(Phase("p", Steps(20), MIX), batch_size=5_000),
}


def digest(of: Plan) -> str:
    """Over source, cursor, epoch and record of every sample in order, little-endian int64, and the sources' names."""
    found = hashlib.sha256("\n".join(of.sources).encode())
    run = of.batches(0, of.total_steps)
    for part in (run.source, run.cursor, run.epoch, run.record):
        found.update(part.astype("<i8").tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("name", PLANS)
def test_the_same_samples_as_ever_are_served(name: str) -> None:
    golden = json.loads(GOLDEN.read_text())
    assert golden["format"] == PLAN_FORMAT, "a new format has new golden plans"
    of = PLANS[name]()
    found = {"fingerprint": of.fingerprint, "samples": digest(of)}
    assert golden["plans"].get(name) == found, json.dumps({name: found}, indent=1)


def test_every_golden_plan_is_another_and_none_is_left_over() -> None:
    golden = json.loads(GOLDEN.read_text())["plans"]
    assert golden.keys() == PLANS.keys()
    assert len({each["samples"] for each in golden.values()}) == len(golden)


@pytest.mark.parametrize("name", ["amended", "extended", "hand over", "cosine ramp"])
def test_golden_plans_are_served_step_by_step_from_a_saved_file_too(name: str, tmp_path: pathlib.Path) -> None:
    of = PLANS[name]()
    of.save(tmp_path / "golden.plan")
    again = Plan.load(tmp_path / "golden.plan")
    run = of.batches(0, of.total_steps)
    steps = [again.batch(step) for step in reversed(range(again.total_steps))][::-1]
    for field in ("source", "cursor", "epoch", "record"):
        assert np.array_equal(np.concatenate([getattr(step, field) for step in steps]), getattr(run, field))
