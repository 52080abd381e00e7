"""Restores a run once as it is, then once with a pickle in place of each file of its checkpoint, and says what it did.

`python tests/pickled_checkpoint.py RUN MARK`: RUN is changed; MARK is what the pickle would make. Each time the model
is restored as for an evaluation, and model, optimizer and plan as for `--resume`. Prints, as JSON, what became of each
file, and which of the audited events of Python that run something were seen.
"""

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import jax
from evil import Evil

from eval.restore import restored
from eval.rundir import RunFolder, read_config, read_plan
from mixsched.errors import UsageError
from model.checkpoint import read_checkpoints
from model.sharding import device_mesh
from train.checkpoint import restore
from train.scales import OptimizerConfig
from train.state import make_optimizer, state_maker

RUNS = ("pickle.find_class", "compile", "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen")


def main() -> None:
    """Do so."""
    folder, mark = RunFolder(Path(sys.argv[1])), Path(sys.argv[2])
    config, mesh = read_config(folder), device_mesh(jax.devices()[:1])

    optimizer = make_optimizer(OptimizerConfig(**config.settings["optimizer"]))
    make_state, plan = state_maker(config.model, optimizer, key=jax.random.key(0)), read_plan(folder)

    def evaluated() -> None:
        with restored(folder, config, step=None, mesh=mesh):
            pass

    def resumed() -> None:
        with read_checkpoints(folder.checkpoints) as checkpoints:
            restore(checkpoints, max(checkpoints.all_steps()), make_state, plan, mesh)

    def opened() -> dict[str, str]:
        return {use.__name__: _ended(use) for use in (evaluated, resumed)}

    outcomes, seen = {"none": opened()}, []
    sys.addaudithook(lambda event, _: seen.append(event) if event in RUNS else None)
    evil = pickle.dumps(Evil(mark))
    step = max((path for path in folder.checkpoints.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))
    for file in sorted(path for path in step.rglob("*") if path.is_file()):
        whole = file.read_bytes()
        file.write_bytes(evil)
        outcomes[str(file.relative_to(step))] = opened()
        file.write_bytes(whole)
    json.dump({"outcomes": outcomes, "seen": sorted(set(seen))}, sys.stdout)


def _ended(use: Callable[[], None]) -> str:
    try:
        use()
    except UsageError as error:
        return str(error)
    return "opened"


if __name__ == "__main__":
    main()
