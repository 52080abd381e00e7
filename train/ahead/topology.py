"""The chips of a TPU slice that isn't here, as their compiler describes them."""

import dataclasses
import importlib.metadata
import importlib.util
import math
import os
import re
import sys
from pathlib import Path
from typing import Any

from mixsched.errors import UsageError
from train.ahead.chips import V5E, Chip

CHIPS = {V5E.name: V5E}
# Where `make libtpu` puts it, beside the environment.
LIBTPU = Path(sys.prefix) / "ahead"


@dataclasses.dataclass(frozen=True)
class Topology:
    """A slice: its chip, the lengths of its sides, and JAX's descriptions of its devices."""

    name: str
    chip: Chip
    sides: tuple[int, ...]
    devices: tuple[Any, ...]


def topology(name: str) -> Topology:
    """The slice of that name, such as `v5e:16x16`; no TPU is needed, and JAX itself stays on the CPU.

    Must be called before JAX is imported. Raises UsageError for a name that is none, or where libtpu is missing.
    """
    found = re.fullmatch(r"(\w+):(\d+)x(\d+)", name)
    if found is None or found[1] not in CHIPS:
        raise UsageError(f"`--topology` must be a chip and the sides of a slice, as in v5e:16x16, got {name!r}")
    sides = int(found[2]), int(found[3])
    _prepare(math.prod(sides))
    from jax.experimental import topologies

    try:
        described = topologies.get_topology_desc(platform="tpu", topology_name=name)
    except Exception as error:
        raise UsageError(
            f"`--topology` {name!r} is no slice that libtpu knows ({' '.join(str(error).split())[:200]}); "
            "try v5e:16x16 or v5e:4x4"
        ) from error
    return Topology(name, CHIPS[found[1]], sides, tuple(described.devices))


def _prepare(chips: int) -> None:
    if importlib.util.find_spec("libtpu") is None:
        library = LIBTPU / "libtpu" / "libtpu.so"
        if not library.exists():
            raise UsageError("compiling for TPUs needs libtpu, which isn't installed; run `make libtpu`")
        os.environ.setdefault("TPU_LIBRARY_PATH", str(library))
    # Without these libtpu looks for a TPU, or asks a metadata server for one.
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["TPU_SKIP_MDS_QUERY"] = "1"
    os.environ["TPU_ACCELERATOR_TYPE"] = f"v5litepod-{chips}"
    os.environ["TPU_WORKER_HOSTNAMES"] = "localhost"
    # It takes a compilation for a program that holds the TPU, of which there may be one.
    os.environ["ALLOW_MULTIPLE_LIBTPU_LOAD"] = "1"


def libtpu_version() -> str:
    """The version of the libtpu that compiles."""
    where = [str(LIBTPU), *sys.path]
    found = next(iter(importlib.metadata.distributions(name="libtpu", path=where)), None)
    return "unknown" if found is None else found.version
