"""`python -m figures report`: every figure, table and number of the study in one HTML file."""

from pathlib import Path

from figures.command import NAMES, Runs
from figures.rows import KEPT


def report(runs: Runs = (KEPT,), out: Path = Path("figures/out"), scale: str | None = None) -> None:
    """Draw every figure and the best share of code, and write them into one HTML file that needs nothing else.

    python -m figures report

    Args:
        runs: Run folders, folders of them, or files of result rows.
        out: Folder for report.html and the files of the figures.
        scale: Of which scale, where the rows are of several.
    """
    # SciPy and Matplotlib take a second or two to import: not for `--help`.
    from figures.gallery import draw_named
    from figures.measures import suite_of
    from figures.optimum.drawing import draw_optimum
    from figures.optimum.findings import find
    from figures.report import study
    from figures.report.content import Head
    from figures.report.numbers import facts_of
    from figures.report.write import write_report
    from figures.rows import gather, of_scale
    from mixsched.errors import UsageError

    gathered = gather(runs)
    measured = of_scale(gathered, scale)
    drawn, notes = draw_named(NAMES, gathered, measured.scale, out)

    def command(*words: str) -> str:
        return study.command_line(*words, runs=runs, scale=measured.scale)

    sections = [study.section_of(each, command=command("draw", each.name)) for each in drawn]
    try:
        findings = find(measured, code_weight=0.5, seed=0)
    except UsageError as error:
        notes.append(f"no best share of code: {error}")
    else:
        picture = next(file for file in draw_optimum(findings, out) if file.suffix == ".png")
        sections.append(study.optimum_section(findings, picture, command=command("optimum")))
    rows = [row for by_task in measured.rows.values() for by_seed in by_task.values() for row in by_seed.values()]
    head = Head(
        "Does code in pre-training help on other tasks?",
        lead=(
            "How much code, of what kind, and at which stage: the experiments of arXiv 2408.10914 and some beyond it, "
            f"run at scale {measured.scale}, with the paper's numbers beside ours where it has them.",
            *notes,
        ),
        facts=facts_of(rows),
        commands=(f"python -m experiments run --all --scale {measured.scale}", command("report")),
    )
    file = write_report(out / "report.html", sections, head=head, runs=study.all_runs(measured, suite_of(measured)))
    for note in notes:
        print(note)
    print(f"wrote '{file}'")
