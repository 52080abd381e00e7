"""`python -m figures optimum`: the best share of code, predicted from the runs there are, and which run to do next."""

from pathlib import Path

from figures.command import Runs, say_drawn
from figures.rows import KEPT, gather, of_scale

CODE_WEIGHT, SEED = 0.5, 0


def optimum(
    runs: Runs = (KEPT,),
    out: Path = Path("figures/out"),
    scale: str | None = None,
    code_weight: float = CODE_WEIGHT,
    seed: int = SEED,
) -> None:
    """Predict the best share of code for every measure, with a 95% interval, and which run would tell most.

    python -m figures optimum --runs experiments/results --scale nano

    A loss follows c + k exp(t r) over the share r of code (Ye et al. 2024, arXiv 2403.16952), a score a quadratic; both
    are checked by predicting each share from the others. Writes optimum.csv, optimum.pdf and optimum.png.

    Args:
        runs: Run folders, folders of them, or files of result rows.
        out: Folder for the files.
        scale: The scale whose runs are taken; needed where there are several.
        code_weight: Weight of code in the means of a loss on text and one on code.
        seed: Of the bootstrap and the simulation.
    """
    measured = of_scale(gather(runs), scale)
    for note in measured.notes:
        print(note)
    # SciPy takes a second to import, Matplotlib more: not for `--help`.
    from figures.optimum import telling
    from figures.optimum.findings import find
    from figures.optimum.published import published_optima

    findings = find(measured, code_weight=code_weight, seed=seed)
    for text in telling.tables(findings, published_optima()):
        print(f"{text}\n")

    from figures.optimum.drawing import draw_optimum
    from figures.optimum.table import write_csv

    say_drawn((write_csv(findings, out), *draw_optimum(findings, out)))
