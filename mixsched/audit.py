"""Holds what a run says it has served against what its plan serves and what its weights ask for."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeGuard

from mixsched.columns import align
from mixsched.errors import UsageError, did_you_mean
from mixsched.fields import is_whole
from mixsched.plan import Plan
from mixsched.typed import MOST, read_json


@dataclasses.dataclass(frozen=True)
class Told:
    """What a line of a run's metrics says: samples of each source since the run began."""

    line: int
    steps_done: int
    served: dict[str, int]


@dataclasses.dataclass(frozen=True)
class Audit:
    """`farthest` are, by source, the greatest distance from what was asked for, and after how many steps it was seen.

    `wrong` is the first line that tells other counts than the plan's, if there is one.
    """

    lines: int
    last: Told
    farthest: dict[str, tuple[float, int]]
    wrong: Told | None


def read_lines(path: Path, plan: Plan) -> Iterator[Told]:
    """The lines of a metrics file: JSON objects with 'steps_done' and, by source, 'served' so far or 'counts' since.

    A torn last line, as a run that is writing leaves it, is passed over. Raises UsageError that names another line
    which is not like that.
    """
    try:
        whole_file = path.read_text()
    except FileNotFoundError:
        raise UsageError(f"there is no file '{path}'; name the metrics.jsonl of a run") from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise UsageError(f"'{path}' is no text file; name the metrics.jsonl of a run") from None
    lines = whole_file.removesuffix("\n").split("\n") if whole_file else []
    known = [Told(0, 0, dict.fromkeys(plan.sources, 0))]
    for number, text in enumerate(lines, start=1):
        try:
            told = read_json(text)
        except ValueError:
            if number < len(lines) or whole_file.endswith("\n"):
                raise UsageError(f"line {number} of '{path}' is not JSON; remove that line") from None
            return
        where = f"line {number} of '{path}'"
        steps_done = _steps_done(told, plan, where=where)
        # A run that was killed tells some steps again after it goes on: counts are since the line before these.
        while len(known) > 1 and known[-1].steps_done >= steps_done:
            known.pop()
        served = _served(told, known[-1].served, where=where)
        for source in served.keys() - set(plan.sources):
            raise UsageError(
                f"{where} tells of the source {source!r}, which is not in the plan; "
                f"{did_you_mean(source, plan.sources)}"
            )
        known.append(Told(number, steps_done, served))
        yield known[-1]


def _steps_done(told: object, plan: Plan, *, where: str) -> int:
    if not isinstance(told, dict) or not is_whole(told.get("steps_done")):
        raise UsageError(f"{where} must hold 'steps_done' and, by source, 'served' or 'counts'; got {str(told)[:80]}")
    if not 0 <= told["steps_done"] <= plan.total_steps:
        raise UsageError(
            f"{where} tells of {told['steps_done']} steps, the plan has {plan.total_steps:,}; name the plan of this "
            "run with --plan"
        )
    return told["steps_done"]


def _served(told: dict, before: dict[str, int], *, where: str) -> dict[str, int]:
    served, counts = told.get("served"), told.get("counts")
    if _by_source(served):
        return dict(served)
    if served is None and _by_source(counts):
        return {source: before.get(source, 0) + counts.get(source, 0) for source in before | counts}
    raise UsageError(f"{where} must hold 'steps_done' and, by source, 'served' or 'counts'; got {str(told)[:80]}")


def _by_source(value: object) -> TypeGuard[dict[str, int]]:
    return isinstance(value, dict) and all(is_whole(count) and abs(count) <= MOST for count in value.values())


def audited(plan: Plan, lines: Iterable[Told]) -> Audit:
    """Hold all lines against the plan; raises UsageError if there is none."""
    farthest: dict[str, tuple[float, int]] = dict.fromkeys(plan.sources, (0.0, 0))
    number, last, wrong = 0, None, None
    for told in lines:
        number += 1
        planned = dict(zip(plan.sources, plan.served(told.steps_done).tolist(), strict=True))
        if wrong is None and any(told.served.get(source, 0) != count for source, count in planned.items()):
            wrong = told
        for source, asked in zip(plan.sources, plan.expected(told.steps_done), strict=True):
            distance = float(abs(told.served.get(source, 0) - asked))
            farthest[source] = max(farthest[source], (distance, told.steps_done), key=lambda each: each[0])
        last = told if last is None or told.steps_done >= last.steps_done else last
    if last is None:
        raise UsageError("the metrics hold no line yet; let the run finish a step")
    return Audit(number, last, farthest, wrong)


def audit_text(plan: Plan, audit: Audit) -> str:
    """The audit as a table and a verdict."""
    header = ("source", "asked", "served", "apart", "farthest apart", "after step")
    lines: list[tuple[str, ...]] = [header]
    for source, asked in zip(plan.sources, plan.expected(audit.last.steps_done), strict=True):
        served = audit.last.served.get(source, 0)
        distance, steps = audit.farthest[source]
        apart = (
            f"{float(asked):,.2f}",
            f"{served:,}",
            f"{float(served - asked):+.2f}",
            f"{distance:.2f}",
            f"{steps:,}",
        )
        lines.append((source, *apart))
    verdict = f"{audit.lines:,} lines up to step {audit.last.steps_done:,}: "
    if audit.wrong is None:
        verdict += f"what was served is what the plan {plan.fingerprint[:12]} serves, in every line"
    else:
        steps = audit.wrong.steps_done
        planned = dict(zip(plan.sources, plan.served(steps).tolist(), strict=True))
        others = [
            f"{source} {audit.wrong.served.get(source, 0):,} instead of {count:,}"
            for source, count in planned.items()
            if audit.wrong.served.get(source, 0) != count
        ]
        verdict += f"line {audit.wrong.line}, after {steps:,} steps, is not what the plan serves: {', '.join(others)}"
    return f"{align(lines, right=header[1:])}\n\n{verdict}"
