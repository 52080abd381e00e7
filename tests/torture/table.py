"""The campaign's table in Markdown: moments and outcomes by command and signal, and each kill by itself."""

from collections import Counter
from collections.abc import Sequence

from tests.torture.campaign import OUTSIDE, Kill


def table(kills: Sequence[Kill]) -> str:
    """One row for each command and signal."""
    lines = [
        "| command | signal | kills | moments, s | half written | how it ended (exit code) | faults |",
        "|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, str], list[Kill]] = {}
    for kill in kills:
        groups.setdefault((kill.command, kill.moment.how), []).append(kill)
    for (command, how), group in sorted(groups.items()):
        first, last = min(kill.after_s for kill in group), max(kill.after_s for kill in group)
        ended = Counter(f"{kill.outcome} ({kill.code})" for kill in group)
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in ended.most_common())
        half, faults = sum(kill.half_written for kill in group), sum(bool(kill.faults) for kill in group)
        lines.append(
            f"| {command} | {how} | {len(group)} | {first:.2f}-{last:.2f} | {half} | {outcomes} | {faults or 'none'} |"
        )
    return "\n".join(lines)


def every_kill(kills: Sequence[Kill]) -> str:
    """One row for each kill, in the order in which they happened."""
    lines = [
        "| | command | signal | aimed at | after, s | how far | half written | exit code | outcome |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for number, kill in enumerate(kills, start=1):
        aim = f"{kill.moment.share:.2f} of its {'writes' if kill.moment.at_write else 'time'}"
        half = "yes" if kill.half_written else ""
        told = "; ".join((kill.outcome, *kill.faults)).replace("\n", " ").replace("|", "/")
        lines.append(
            f"| {number} | {kill.command} | {kill.moment.how} | {aim} | {kill.after_s:.2f} | {kill.far} | {half} | "
            f"{kill.code} | {told} |"
        )
    return "\n".join(lines)


def sentence(kills: Sequence[Kill], lives: int, faults: Sequence[str]) -> str:
    """What the campaign found, in one sentence."""
    half = sum(kill.half_written for kill in kills)
    start = sum(kill.outcome == OUTSIDE for kill in kills)
    found = f"{len(faults)} faults" if faults else "nothing lost, nothing twice, nothing left behind"
    quiet = f"; {start} SIGINT as Python started or ended left its traceback" if start else ""
    return (
        f"{len(kills)} kills, {half} of them with a file or checkpoint half written, in {lives} lives, each of which "
        f"ended and was compared with one that was never killed: {found}{quiet}."
    )
