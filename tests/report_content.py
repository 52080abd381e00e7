"""A small report with a picture of either kind, missing values, equal keys and hostile names, for its tests."""

from pathlib import Path

from figures.report.content import Column, Head, Section, Table, number, words
from figures.report.write import write_report

HOSTILE = "</td><script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">"
LONG = "run_" + "x" * 300
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt"><rect width="40" height="20"/></svg>'
COMMANDS = ("python -m figures all --runs 'my runs' && true", "python -m figures optimum")

HEAD = Head(
    "To code & not to code",
    lead=("What is asked.",),
    facts=(("scale", "nano"), ("runs", "5"), ("empty", "")),
    commands=COMMANDS,
)
# As text, 10 would stand before 9, and as whole numbers 9.5 before 9.25; code25 has no loss; many seeds are equal.
RUNS = Table(
    (
        Column("run"),
        Column("experiment"),
        Column("scale"),
        Column("seed", tells_row=True),
        Column("tokens", tells_row=True),
        Column("loss", "nats"),
    ),
    tuple(
        (words(run), words(experiment), words(scale), number(seed, "d"), number(tokens), number(loss, ".3f"))
        for run, experiment, scale, seed, tokens, loss in (
            ("code50", "code50", "nano", 0, 2_000, 9.5),
            ("code100", "code100", "nano", 0, 1_000, 10.0),
            ("code25", "code25", "nano", 1, 1_000, None),
            (HOSTILE, "code00", "nano", 0, 3_000, -1.5),
            (LONG, "code00", "micro", 0, 4_000, 9.25),
        )
    ),
)
NUMBERS = Table(
    (Column("variant"), Column("seeds", tells_row=True), Column("reasoning", "%")),
    (
        (words("25%"), number(3, "d"), number(3.25, "+.1f", half_width=0.5)),
        (words("100%"), number(1, "d"), number(None)),
    ),
)


def sections(folder: Path) -> list[Section]:
    """Two figures, one as PNG and one as SVG, and a table without a picture."""
    svg = folder / "figure.svg"
    svg.write_text(SVG)
    png = Path("figures/readme/mixers.png")
    return [
        Section("Figure 4. How much?", "How much code?", png, "By share.", NUMBERS, COMMANDS[:1], short="Figure 4"),
        Section("Figure 8", picture=svg, gaps=(f"no run of {LONG} yet",), alt="A square of 40 by 20."),
        Section("Table 2", table=NUMBERS),
        Section("All runs", caption="Not the table of runs, but named as it is."),
        Section("Content"),
    ]


def written(folder: Path) -> Path:
    """The report of all this as a file in a folder."""
    return write_report(folder / "made" / "report.html", sections(folder), head=HEAD, runs=RUNS)
