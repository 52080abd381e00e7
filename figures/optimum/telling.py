"""The best shares in tables for the terminal."""

from collections.abc import Sequence
from pathlib import Path

from figures.measures import digits
from figures.optimum.findings import Finding, Findings
from figures.optimum.laws import LAWS, PARAMETERS
from figures.optimum.published import PublishedOptimum
from figures.optimum.targets import experiment_of
from mixsched.columns import align

EXPERIMENTS = Path("experiments")
ONE_LOSS = (
    "A law of one loss rises or falls all the way, so that its best share is an end whatever the runs say; they say\n"
    'which. The scores and the means of two losses can have their best share in between. "Beats 25%" is the part of\n'
    "the draws in which the best share is better than 25%; it leans to the best share, which the same runs chose."
)
LEFT_OUT = (
    "Each share predicted from the others: root mean squared errors, over the inner shares and over the two ends,\n"
    "which are extrapolated (and held to what the measure can be); beside them the standard error of a mean over seeds"
)
PUBLISHED = (
    "Quadratics through the paper's changes against no code (Figure 4). It gives no errors, so that there is no\n"
    "interval. At 50% Figure 4 has no number, and Table 2 has one: the curve's prediction beside it"
)


def tables(findings: Findings, published: Sequence[PublishedOptimum]) -> list[str]:
    """All there is to say, in the order of its asking."""
    noise = "; ".join(sorted({finding.optimum.noise.source for finding in findings.found}))
    return [
        f"The best share of code at scale {findings.measured.scale}, with the interval that one more run would leave\n"
        f"(95% of a bootstrap: {noise}; losses by the mixing law, scores by a quadratic)\n\n{best_table(findings)}",
        *findings.unanswered,
        ONE_LOSS,
        *next_lines(findings),
        f"{LEFT_OUT}\n\n{check_table(findings)}",
        f"{PUBLISHED}\n\n{published_table(published)}",
    ]


def best_table(findings: Findings) -> str:
    """The best share of each measure, how sure it is, and what the next run would do."""
    head = (
        "measure",
        "best share",
        "95% interval",
        "predicted there",
        "at an end",
        "beats 0%",
        "beats 25%",
        "next run",
        "interval: points",
    )
    rows = [(*_best_cells(finding), *_next_cells(finding)) for finding in findings.found]
    return align([head, *rows], right=head[1:])


def check_table(findings: Findings) -> str:
    """The errors of predicting each share from the others, by law, beside the noise of seeds."""
    head = ("left out, then predicted", *LAWS, *(f"{law}, ends" for law in LAWS), "seeds", "better")
    rows = []
    for finding in findings.found:
        left_out = finding.left_out
        errors = [left_out.error(law, inner=inner) for inner in (True, False) for law in LAWS]
        told = "-" if left_out.seed_error is None else f"{left_out.seed_error:.3f}"
        rows.append((finding.target.label, *(f"{error:.3f}" for error in errors), told, left_out.better))
    return align([head, *rows], right=head[1:])


def published_table(published: Sequence[PublishedOptimum]) -> str:
    """The same from the paper's numbers, as far as they carry."""
    head = ("the paper, 470m", "best share", "there", "through", "at 50%: curve", "Table 2")
    rows = []
    for each in published:
        exactly = len(each.changes) == PARAMETERS
        through = f"{len(each.changes)} numbers, " + (
            "exactly" if exactly else f"within {each.largest_miss:.1f} points"
        )
        held_out = ("-", "-") if each.held_out is None else tuple(f"{value:+.1f}%" for value in each.held_out)
        rows.append((each.measure, f"{100 * each.share:.0f}%", f"{each.predicted:+.1f}%", through, *held_out))
    return align([head, *rows], right=head[1:])


def next_lines(findings: Findings) -> list[str]:
    """For each share that some measure would have run next: for which measures, and by which command."""
    wishes: dict[float, list[str]] = {}
    for finding in findings.found:
        share = finding.next_run.share
        if share is not None:
            narrows = f"{100 * finding.next_run.now:.0f} to {100 * finding.next_run.least:.0f} points"
            wishes.setdefault(share, []).append(f"{finding.target.label}, {narrows}")
    return [
        f"one more run at {100 * share:.0f}% code narrows: {'; '.join(wishes[share])}\n  {_command(share, findings)}"
        for share in sorted(wishes)
    ]


def _best_cells(finding: Finding) -> tuple[str, ...]:
    optimum = finding.optimum
    ends = [f"{name}: {_percent(part)}" for name, part in (("0%", optimum.at_none), ("100%", optimum.at_all))]
    places = digits(finding.target.unit)
    beats = ["-" if other == optimum.share else _percent(part) for other, part in optimum.beats.items()]
    return (
        finding.target.label,
        f"{100 * optimum.share:.0f}%",
        f"{100 * optimum.low:.0f} to {100 * optimum.high:.0f}",
        f"{optimum.predicted:.{places}f} ({optimum.predicted_low:.{places}f} to {optimum.predicted_high:.{places}f})",
        ", ".join(ends),
        *beats,
    )


def _next_cells(finding: Finding) -> tuple[str, str]:
    following = finding.next_run
    if following.share is None:
        return "-", f"{100 * following.now:.0f}"
    return f"{100 * following.share:.0f}%", f"{100 * following.now:.0f} to {100 * following.least:.0f}"


def _percent(part: float) -> str:
    return f"{100 * part:.0f}%"


def _command(share: float, findings: Findings) -> str:
    name = experiment_of(share)
    seeds = len(findings.measured.seeds(name))
    run = f"python -m experiments run {name} --scale {findings.measured.scale} --seeds {seeds + 1} --keep"
    if (EXPERIMENTS / f"{name}.py").is_file():
        return run
    return f"copy {EXPERIMENTS}/code25.py to {name}.py beside it, with code_percent={100 * share:.0f}, and: {run}"
