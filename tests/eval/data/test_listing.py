"""`python -m eval tasks` names every task with its files, and loads nothing heavy for it."""

import subprocess
import sys
from pathlib import Path

from eval.data.catalogue import DATA_SETS
from eval.data.finding import looked_for
from eval.suites import PAPER, SUITES

ROOT = Path(__file__).parents[3]


def test_all_tasks_of_the_suites_are_listed_with_the_names_of_their_files() -> None:
    script = "import sys; from eval.data.listing import listing; listing(); print({'jax', 'lm_eval'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    *listed, last = done.stdout.splitlines()
    assert last == "set()"
    for suite in SUITES.values():
        for task in suite.tasks:
            assert any(line.startswith(f"    {task}: ") for line in listed)
    for task in PAPER.tasks:
        assert {f"        {name}" for name in looked_for(task)} <= set(listed)


def test_the_suite_of_the_paper_has_readers_for_all_of_its_tasks() -> None:
    assert set(PAPER.tasks) == set(DATA_SETS) - {"storycloze_2018"}
