"""Judgements as a person reads them: plain text, at most 100 columns."""

import itertools
import textwrap
from collections.abc import Mapping, Sequence

from eval.judge.judgement import Judgement
from eval.judge.pairs import Paired
from eval.judge.rates import Interval, Rates, rates_of, rates_of_outcomes
from eval.judge.reliability import Tally, agreement_of, lengths_of, majority, orders_of
from mixsched.columns import align

WIDTH = 100
# Below it the percentiles of a bootstrap cover clearly less than they say (Hesterberg 2015, arXiv 1411.5279).
FEW = 30
RIGHT = ("pairs", "A wins", "tie", "B wins", "share", "95% interval", "agree", "kappa")


def comparison_text(paired: Paired) -> str:
    """What is compared, and the settings in which the two runs differ."""
    about = paired.comparison
    lines = [
        f"{about.task}: {_counted(len(paired.pairs), 'pair')} of answers",
        f"  A  {about.run_a} after step {about.step_a:,}",
        f"  B  {about.run_b} after step {about.step_b:,}",
    ]
    if paired.differing:
        lines += _wrapped(f"mind that the runs were asked differently: {'; '.join(paired.differing)}")
    return "\n".join(lines)


def judge_text(judgements: Sequence[Judgement], label: str, *, seed: int) -> str:
    """One judge's table: rates, then what they may come from besides the answers."""
    rates, lengths, orders = rates_of(judgements, seed=seed), lengths_of(judgements), orders_of(judgements)
    lines = [*_wrapped(f"judge {label}")]
    if rates is None or lengths is None:
        return "\n".join([*lines, *_wrapped(f"  {_unparsed(len(judgements))}, so there is no rate")])
    lines += [_rates_table(rates), *_wrapped(f"  {_covered(rates)}")]
    if orders is not None:
        lines += ["", _tallies({"A shown first": orders.a_first, "B shown first": orders.b_first})]
        if orders.readable:
            share = _percent(orders.agreeing / orders.readable)
            lines += _wrapped(
                f"  both orders have one verdict on {share} of {_counted(orders.readable, 'pair')}; where they differ, "
                "the pair is a tie"
            )
        if orders.decided:
            share = _percent(orders.for_first / orders.decided)
            lines += _wrapped(
                f"  the answer shown first wins {share} of {_counted(orders.decided, 'verdict')} that name a winner "
                "(50% is no bias)"
            )
    by_length = {"A is longer": lengths.a_longer, "B is longer": lengths.b_longer, "equally long": lengths.equal}
    lines += ["", _tallies({name: tally for name, tally in by_length.items() if tally.n})]
    lines += [f"  mean length in bytes: A {lengths.mean_a:,.1f}, B {lengths.mean_b:,.1f}"]
    return "\n".join(lines)


def judges_text(judges: Mapping[str, Sequence[Judgement]], *, seed: int) -> str:
    """How several judges agree, two by two, and the rates of what most of them say."""
    numbers = {name: str(number) for number, name in enumerate(judges, start=1)}
    lines: list[tuple[str, ...]] = [("judges", "pairs", "agree", "kappa")]
    for one, other in itertools.combinations(judges, 2):
        found = agreement_of(judges[one], judges[other])
        told = ("0", "-", "-")
        if found is not None:
            kappa = "-" if found.kappa is None else f"{found.kappa:.2f}"
            told = (f"{found.n:,}", _percent(found.raw), kappa)
        lines.append((f"{numbers[one]} and {numbers[other]}", *told))
    names = "\n".join(f"judge {number} is {name}" for name, number in numbers.items())
    rates = rates_of_outcomes(majority(list(judges.values())), seed=seed)
    text = f"{names}\n{_indented(align(lines, right=RIGHT))}"
    if rates is None:
        return text
    head = f"most of the {len(judges)} judges (where no verdict has more than half of them: a tie)"
    return "\n".join([text, "", head, _rates_table(rates), f"  of {_counted(rates.n, 'pair')}"])


def _rates_table(rates: Rates) -> str:
    rows = {
        "A wins": rates.win,
        "tie": rates.tie,
        "B wins": rates.loss,
        "A wins, ties split": rates.split,
        "A wins less B wins": rates.net,
    }
    lines = [(name, _percent(share.value), _bounds(share)) for name, share in rows.items()]
    return _indented(align([("", "share", "95% interval"), *lines], right=RIGHT))


def _covered(rates: Rates) -> str:
    parts = [f"of {_counted(rates.n, 'pair')}"]
    if rates.identical:
        are = "has identical answers: a tie" if rates.identical == 1 else "have identical answers: ties"
        parts.append(f"{rates.identical:,} of them {are}, not asked about")
    if rates.unparsed:
        parts.append(f"besides, {_unparsed(rates.unparsed)} and count{'s' * (rates.unparsed == 1)} nowhere")
    net = rates.net
    if rates.clusters < FEW:
        parts.append(f"fewer than {FEW} prompts are too few for such intervals: they are too short")
    elif net.low is not None and net.high is not None:
        tells = not net.low <= 0 <= net.high
        parts.append("A and B differ at 95%" if tells else "the difference is not distinguishable from zero at 95%")
    return "; ".join(parts)


def _unparsed(pairs: int) -> str:
    return f"{_counted(pairs, 'pair')} {'has' if pairs == 1 else 'have'} a reply without a readable verdict"


def _tallies(tallies: Mapping[str, Tally]) -> str:
    rows = [_tally(name, tally) for name, tally in tallies.items()]
    return _indented(align([("", "A wins", "tie", "B wins", "pairs"), *rows], right=RIGHT))


def _tally(name: str, tally: Tally) -> tuple[str, ...]:
    shares = [_percent(count / tally.n) if tally.n else "-" for count in (tally.a, tally.tie, tally.b)]
    return (name, *shares, f"{tally.n:,}")


def _bounds(share: Interval) -> str:
    if share.low is None or share.high is None:
        return "-"
    return f"{_percent(share.low)} .. {_percent(share.high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _indented(table: str) -> str:
    return textwrap.indent(table, "  ")


def _wrapped(text: str) -> list[str]:
    indent = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
