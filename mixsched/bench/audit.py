"""Each mixer serves the same cases; what it served is compared with what it was asked for."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from mixsched.bench.case import Case, Mixer, Stream
from mixsched.bench.measures import (
    Deviation,
    contiguous_hosts,
    deviation,
    difference,
    served_twice,
    strided_hosts,
    unfairness,
    vanished,
)
from mixsched.bench.results import Measurement


@dataclasses.dataclass(frozen=True)
class Audit:
    """What was measured of one mixer, and the curve for the figure: see `Deviation.until`."""

    measurements: tuple[Measurement, ...]
    until: np.ndarray | None


def audit(mixer: Mixer, eight: Case, halves: Case) -> Audit:
    """Serve both cases in full, the first also listed from its end."""
    if mixer.plan is None:
        firsts = (("exact", "at step ends"), ("hosts", "eight contiguous"))
        return Audit(tuple(Measurement(table, mixer.name, metric, None, "") for table, metric in firsts), None)
    served = {case.name: mixer.plan(case).steps(0, case.steps) for case in (eight, halves)}
    backwards = mixer.plan(eight.backwards()).steps(0, eight.steps)
    found = deviation(served[eight.name], eight)
    values = [
        *exactness(served[eight.name], eight, found),
        *listing_order(served[eight.name], backwards, eight),
        *hosts(served, (eight, halves)),
    ]
    return Audit(tuple(dataclasses.replace(each, subject=mixer.name) for each in values), found.until)


def exactness(stream: Stream, case: Case, found: Deviation) -> Iterator[Measurement]:
    """How close to the weights, and what the rows of the sources saw."""
    yield Measurement("exact", "", "at step ends", found.at_step_ends, "samples")
    yield Measurement("exact", "", "at any sample", found.at_any_sample, "samples")
    yield Measurement("exact", "", "in one step", found.within_a_step, "samples")
    yield Measurement("exact", "", "rows twice", served_twice(stream, case), "samples")
    yield Measurement("exact", "", "sources lost", vanished(stream, case), "sources")


def listing_order(stream: Stream, backwards: Stream, case: Case) -> Iterator[Measurement]:
    """What changes where the same weights are listed from last to first."""
    listed = case.backwards()
    yield Measurement("exact", "", "reversed", deviation(backwards, listed).at_step_ends, "samples")
    differ = difference(stream.ids(case), backwards.ids(listed), batch_size=case.batch_size)
    yield Measurement("exact", "", "differ by", differ, "samples")


def hosts(served: Mapping[str, Stream], cases: tuple[Case, ...]) -> Iterator[Measurement]:
    """How far the mix of the unluckiest host is from the weights, in percentage points."""
    for case in cases:
        for cut, slots in (("contiguous", contiguous_hosts(case)), ("strided", strided_hosts(case))):
            value = 100 * unfairness(served[case.name], case, slots)
            yield Measurement("hosts", "", f"{case.name} {cut}", value, "percentage points")
