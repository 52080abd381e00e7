"""`python -m eval tasks`: what each task asks, and which files of it are read offline."""

from eval.data.catalogue import DATA_SETS
from eval.data.finding import looked_for
from eval.suites import SUITES


def listing() -> None:
    """List the tasks of the suites, the data set of each, and the files that `--data DIR` is searched for.

    python -m eval tasks

    The tasks of `nano` are bundled. Every other task of lm-eval can be named as well: from the hub, or offline from
    DIR/<task>.jsonl or .parquet in the hub's schema.
    """
    for suite in SUITES.values():
        print(suite.name)
        for group, tasks in {**suite.groups, "not averaged": suite.apart}.items():
            print(f"  {group}")
            for task in tasks:
                print(_described(task))


def rows() -> list[tuple[str, str, tuple[str, ...]]]:
    """Of every data set its task, its name, and the files that are looked for; any of them will do."""
    return [(task, one.title, tuple(looked_for(task))) for task, one in DATA_SETS.items()]


def _described(task: str) -> str:
    data_set = DATA_SETS.get(task)
    if data_set is None:
        return f"    {task}: bundled"
    config = f" ({data_set.config})" if data_set.config else ""
    first = f"    {task}: {data_set.title}, {data_set.split} split; hub: {data_set.hub}{config}"
    return "\n".join([first, *(f"        {name}" for name in looked_for(task))])
