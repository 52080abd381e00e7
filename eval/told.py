"""An evaluation as a person reads it: a table of its tasks in their groups, the averages, and what is missing."""

from collections.abc import Iterator, Mapping, Sequence

from eval.evaluate import Report
from eval.items import Answers
from eval.results import Row
from eval.statistics import Estimate, estimate
from eval.suites import Suite
from eval.suites import averages as suite_averages

SHORT = {"bits_per_byte": "bits/byte", "exact_match": "exact"}
NO_GROUP = ""


def told(report: Report, suite: Suite | None) -> str:
    """The table: percentages of items, bits per byte as they are, every value with its standard error."""
    answers = report.answers
    width = max((len(task) for task in answers), default=0)
    lines = (
        [f"  {'':<{width}}  {'metric':<10}  {'value ± error':>15}  {'chance':>6}  {'n':>6}  besides"] if answers else []
    )
    for group, tasks in _groups(answers, suite).items():
        lines += [group] if group else []
        lines += [_line(answers[task], width) for task in tasks]
    lines += _average_lines(report.averages, suite)
    lines += [f"{task}: {note}" for task, one in answers.items() for note in _notes(one)]
    lines += [f"skipped {task}: {why}" for task, why in report.skipped.items()]
    return "\n".join(lines)


def _groups(answers: Mapping[str, Answers], suite: Suite | None) -> dict[str, list[str]]:
    groups = dict(suite.groups) if suite else {}
    named = {task for tasks in groups.values() for task in tasks}
    found = {group: [task for task in tasks if task in answers] for group, tasks in groups.items()}
    found["not averaged" if suite else NO_GROUP] = [task for task in answers if task not in named]
    return {group: tasks for group, tasks in found.items() if tasks}


def _line(answers: Answers, width: int) -> str:
    record = answers.record
    if not record.headline:
        return f"  {record.task:<{width}}  {'answers':<10}  {'':>15}  {'':>6}  {len(answers.items):>6,}  for a judge"
    one = estimate(answers, record.headline)
    chance = record.metrics[record.headline].chance
    besides = "  ".join(
        f"{SHORT.get(metric, metric)} {_number(answers, metric, estimate(answers, metric).value)}"
        for metric in record.metrics
        if metric != record.headline
    )
    metric = SHORT.get(record.headline, record.headline)
    value = f"{_number(answers, record.headline, one.value)} ± {_error(answers, one)}"
    guess = "" if chance is None else f"{100 * chance:.1f}"
    return f"  {record.task:<{width}}  {metric:<10}  {value:>15}  {guess:>6}  {one.n:>6,}  {besides}".rstrip()


def _number(answers: Answers, metric: str, value: float) -> str:
    return f"{100 * value:.1f}" if answers.record.metrics[metric].aggregation == "mean" else f"{value:.4f}"


def _error(answers: Answers, one: Estimate) -> str:
    return "?" if one.stderr is None else _number(answers, answers.record.headline, one.stderr)


def _average_lines(averages: Sequence[Row], suite: Suite | None) -> Iterator[str]:
    if suite is None or not averages:
        return
    yield "averages of headline values"
    missing = {f"{suite.name}/{formed.name}": formed.missing for formed in suite_averages(suite, _covered(averages))}
    width = max(len(row.task) for row in averages)
    for row in averages:
        lacks = missing[row.task]
        of = f"all {row.n}" if not lacks else f"{row.n} of {row.n + len(lacks)}, without {', '.join(lacks)}"
        error = "?" if row.stderr is None else f"{100 * row.stderr:.1f}"
        yield f"  {row.task:<{width}}  {100 * row.value:>6.1f} ± {error}  {of}"


def _covered(averages: Sequence[Row]) -> set[str]:
    return {task for row in averages for task in row.covers}


def _notes(answers: Answers) -> Iterator[str]:
    record, items = answers.record, answers.items
    if record.settings.get("limit") is not None:
        yield f"asked only the first {len(items):,} (`--limit`), to try something out and not to report"
    if record.settings.get("differs"):
        yield f"{record.settings['differs']}"
    if record.truncated:
        yield f"{record.truncated:,} requests were cut to fit the model's context, which makes the task harder"
    ended = [verdict for item in items for verdict in item.verdicts or ()]
    if ended:
        counts = {verdict: ended.count(verdict) for verdict in dict.fromkeys(ended)}
        yield "programs: " + ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items())
    if "sandbox_error" in ended:
        yield "a sandbox_error says nothing about a program and counts nowhere; evaluate again with --again"
