"""`python -m figures optimum`: the best share of code, predicted from the runs there are, and which run to do next."""

from pathlib import Path


def optimum(
    runs: tuple[Path, ...] = (Path("experiments/results"),),
    out: Path = Path("figures/out"),
    scale: str | None = None,
    code_weight: float = 0.5,
    seed: int = 0,
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
    # SciPy takes a second to import, Matplotlib more: not for `--help`.
    from figures.optimum import telling
    from figures.optimum.findings import find
    from figures.optimum.published import published_optima
    from figures.optimum.table import write_csv
    from figures.rows import KEPT, gather, of_scale

    measured = of_scale(gather(runs or (KEPT,)), scale)
    for note in measured.notes:
        print(note)
    findings = find(measured, code_weight=code_weight, seed=seed)
    for text in telling.tables(findings, published_optima()):
        print(f"{text}\n")

    from figures.optimum.drawing import draw_optimum

    for file in (write_csv(findings, out), *draw_optimum(findings, out)):
        print(f"wrote '{file}'")
