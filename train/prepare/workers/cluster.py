"""Runs tasks on a Ray cluster: one that is there already, or one of this machine for the length of the command."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mixsched.errors import UsageError

# So many tasks a processor are handed out ahead: enough to keep them busy, few enough to stop soon.
_AHEAD = 2
_CHECKOUT = Path(__file__).parents[3]


class RayWorkers:
    """The processors of a Ray cluster; its machines see this checkout, the data and `--out` under the same paths."""

    def __init__(self, address: str | None, *, workers: int | None = None):
        self.address = address
        self.workers = workers

    def __enter__(self) -> "RayWorkers":
        try:
            import ray  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise UsageError(
                "`--on ray` needs the package ray, which is not installed; install it: pip install ray"
            ) from error
        self._ray = ray
        try:
            ray.init(
                address=self.address or "local",
                num_cpus=None if self.address else self.workers,
                include_dashboard=False if self.address is None else None,
                log_to_driver=False,
                logging_level="error",
                runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join([str(_CHECKOUT), *_python_path()])}},
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UsageError(
                f"there is no Ray cluster at {self.address!r} ({_first_line(error)}); start one, or leave "
                "out `--ray-address`"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    def run(self, function: Callable[[Any], Any], arguments: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Call the function on each argument; yields (number of the argument, result) as they are finished."""
        ray = self._ray
        remote = ray.remote(_call)
        waiting = list(enumerate(arguments))[::-1]
        running: dict[Any, int] = {}
        room = max(1, int(_AHEAD * ray.cluster_resources().get("CPU", 1)))
        while waiting or running:
            while waiting and len(running) < room:
                number, argument = waiting.pop()
                running[remote.remote(function, argument)] = number
            done, _ = ray.wait(list(running))
            for reference in done:
                yield running.pop(reference), _result(ray, reference)


def _call(function: Callable[[Any], Any], argument: Any) -> Any:
    return function(argument)


def _python_path() -> list[str]:
    return [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        # What the task raised, as if it had been raised here.
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise UsageError(
            f"a worker of the Ray cluster was lost ({_first_line(error)}); give the same command again: what was "
            "finished is kept"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
