"""`python -m figures all`: every figure and table of the study, the best share of code, and one HTML report of them."""

from pathlib import Path

from figures.command import NAMES, Runs, draw_figures, say_drawn
from figures.optimum.command import CODE_WEIGHT, SEED
from figures.rows import KEPT, gather, of_scale
from mixsched.errors import UsageError


def draw_all(runs: Runs = (KEPT,), out: Path = Path("figures/out"), scale: str | None = None) -> None:
    """Draw every figure and table, predict the best share of code, and write one HTML file with all of it.

    python -m figures all

    Args:
        runs: Run folders, folders of them, or files of result rows.
        out: Folder for report.html and the files of the figures.
        scale: Of which scale, where the rows are of several.
    """
    gathered = gather(runs)
    measured = of_scale(gathered, scale)
    drawn = draw_figures(NAMES, gathered, out, measured.scale)
    # SciPy and Matplotlib take a second or two to import: not for `--help`.
    from figures.optimum.drawing import draw_optimum
    from figures.optimum.findings import find
    from figures.optimum.table import write_csv
    from figures.report import study
    from figures.report.write import write_report

    def command(*words: str) -> str:
        return study.command_line(*words, runs=runs, scale=measured.scale)

    notes = measured.notes
    sections = [study.section_of(each, measured, command=command("draw", each.name)) for each in drawn]
    try:
        findings = find(measured, code_weight=CODE_WEIGHT, seed=SEED)
    except UsageError as error:
        notes = (*notes, f"no best share of code: {error}")
        print(notes[-1])
    else:
        files = (write_csv(findings, out), *draw_optimum(findings, out))
        say_drawn(files)
        sections.append(study.optimum_section(findings, files, command=command("optimum")))
    head = study.head_of(measured, notes, command=command("all"))
    file = write_report(out / "report.html", sections, head=head, runs=study.all_runs(measured))
    say_drawn([file])
