"""Tables of what was measured, for the terminal and as Markdown."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from mixsched.bench.results import Measurement

MISSING = "not installed"


@dataclasses.dataclass(frozen=True)
class Table:
    """How measurements of one table are laid out: a column a metric, under its heading."""

    name: str
    title: str
    columns: dict[str, str]
    note: str


TABLES = (
    Table(
        "exact",
        "Deviation from the weights, rows, listing order",
        {
            "at step ends": "at step ends",
            "at any sample": "at any sample",
            "in one step": "in one step",
            "rows twice": "rows twice",
            "sources lost": "lost",
            "reversed": "reversed",
            "differ by": "differ by",
        },
        """Samples; the largest over all sources. At step ends, at any sample: |served - expected| over every prefix
that ends with a step, and over every prefix (inside a step mixsched and Levanter shuffle, so that hosts get fair
slices). In one step: |count - batch * weight|. Rows twice: samples that repeat a row before the step in which
their source was through. Lost: sources due one sample or more that got none. Reversed: at step ends, with the same
weights listed from last to first; differ by: the most samples that one listing has served at a step's end and the
other has not.""",
    ),
    Table(
        "hosts",
        "The worst host's |share of a source - its weight|, over the run",
        {
            "eight contiguous": "8 hosts, contiguous",
            "eight strided": "8 hosts, strided",
            "halves contiguous": "50/50, contiguous",
            "halves strided": "50/50, strided",
        },
        """Percentage points. Contiguous: host h of H takes the slots [h * B / H, (h + 1) * B / H) of each batch;
strided: every H-th slot from h on. 50/50 is two equal sources on 2 hosts, where 50 is a host that sees one source
alone.""",
    ),
    Table(
        "cost",
        "Cost",
        {"plan": "first step, ms", "reach": "far step, ms", "kept": "kept"},
        """First step: from the declaration to the first batch of sample numbers. Far step: the same for a step far
into a longer run, in a fresh object, as after a restart; of those that write a table of the run (Megatron, HF) it
is that table's time on this run, scaled. Kept: bytes still allocated after the last step (tracemalloc, and Arrow's
own counter). Times of rules with a star are those of our words in Python, not of their libraries (Megatron's own loop
is C++, tens of times faster); how they grow is theirs.""",
    ),
    Table(
        "reading",
        "Rows a second from the same ArrayRecord shards",
        {"loop": "plain loop", "threads": "grain threads"},
        """Rows of 1,025 uint16, uncompressed, group_size 1, in the page cache; medians of turns. Loop: batches asked
for one after another in one thread; threads: the same through to_iter_dataset, 2 threads and 8 batches ahead (rows
ahead: Grain's default of 16 threads and 500 rows, batched after). Bare reads all rows in one random order, without a
mix; StepSource also turns them into int32 and says the source of each.""",
    ),
)
ENGINE_NOTE = "Medians; other work on the machine makes all of them slower."


def shown(value: float | None, unit: str) -> str:
    """A value as its unit is read."""
    if value is None:
        return MISSING
    if unit == "bytes":
        return f"{value / 2**10:,.1f} KiB"
    if unit == "percentage points":
        return f"{value:.3f}"
    if value >= 100:
        return f"{value:,.0f}"
    # A deviation of 0.99968 is not one of 1.
    return f"{value:.5g}" if unit == "samples" and value < 1 else f"{value:.3g}"


def lay_out(table: Table, measurements: Iterable[Measurement]) -> list[list[str]]:
    """Heading and a row for each subject, in the order they were measured."""
    cells: dict[str, dict[str, str]] = {}
    for each in measurements:
        if each.table == table.name:
            cells.setdefault(each.subject, {})[each.metric] = shown(each.value, each.unit)
    heading = ["", *table.columns.values()]
    return [heading, *([subject, *(row.get(key, "") for key in table.columns)] for subject, row in cells.items())]


def engine_rows(measurements: Iterable[Measurement]) -> list[list[str]]:
    """What the engine promises: measured, goal, and whether it is kept."""
    return [
        ["", "measured", "goal", "kept?"],
        *(
            [each.metric, f"{each.value:.3g} {each.unit}", each.goal, "yes" if each.met else "NO"]
            for each in measurements
            if each.table == "engine" and each.value is not None
        ),
    ]


def plain(rows: Sequence[Sequence[str]]) -> str:
    """Columns under each other, the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The same as a Markdown table."""
    rule = ["---", *["---:"] * (len(rows[0]) - 1)]
    return "\n".join("| " + " | ".join(row).replace("*", "\\*") + " |" for row in [rows[0], rule, *rows[1:]])


def render(measurements: Sequence[Measurement], write: Callable[[Sequence[Sequence[str]]], str]) -> str:
    """All tables, each under its title and with a note on what it says; `write` is `plain` or `markdown`."""
    parts = []
    for table in TABLES:
        parts += [f"## {table.title}", write(lay_out(table, measurements)), table.note]
    parts += ["## What the engine promises", write(engine_rows(measurements)), ENGINE_NOTE]
    return "\n\n".join(parts) + "\n"
