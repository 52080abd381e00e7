"""From what a command line asks for to the jobs that it means."""

from experiments.grid.arguments import A_RUN, Choice, Setup
from experiments.grid.catalogue import Catalogue, Picked, pick, read_catalogue
from experiments.grid.jobs import Job, jobs_of


def choose(choice: Choice, setup: Setup, *, all_if_none: bool = False) -> tuple[Catalogue, Picked, tuple[Job, ...]]:
    """The catalogue, the experiments of a choice (all of them if it names none and that is wanted), and their jobs.

    Raises UsageError for names and figures that there are not.
    """
    catalogue = read_catalogue(choice.experiments)
    everything = choice.all or (all_if_none and not choice.names and not choice.figure)
    picked = pick(catalogue, choice.names, choice.figure, everything=everything, a_run_judges=setup.judge == A_RUN)
    return catalogue, picked, jobs_of(catalogue, picked, setup)
