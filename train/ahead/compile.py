"""Compiles the step that `train` runs for chips that aren't here."""

import dataclasses
import textwrap
import time

import jax
import jax.numpy as jnp
from jax.errors import JaxRuntimeError
from jax.sharding import NamedSharding, PartitionSpec

from mixsched.errors import UsageError
from model.checkpoint import abstract_tree
from model.sharding import batch_sharding
from train.ahead.flops import matrix_flops
from train.ahead.topology import Topology
from train.devices import DeviceOptions, mesh_for
from train.scales import Scale
from train.state import make_optimizer, state_maker
from train.step import Batch, jit_step


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A compiled step.

    - `coordinates`: of the chip of each partition.
    - `argument_bytes`, `temporary_bytes`, `code_bytes`: of HBM, on each chip; results take the arguments' place, and
        temporaries count as many as are held at once at most.
    - `matrix_flops`: of matrix products outside kernels, on each chip, recomputation included.
    """

    text: str
    coordinates: tuple[tuple[int, ...], ...]
    mesh: dict[str, int]
    argument_bytes: int
    temporary_bytes: int
    code_bytes: int
    matrix_flops: float
    compile_s: float


def compile_step(settings: Scale, options: DeviceOptions, topology: Topology, *, sources: int) -> Compiled:
    """`train.step.jit_step` for the chips of a topology, with the shardings and options of a run on them.

    Raises UsageError if devices and settings don't fit together, or the step doesn't fit into the chips' memory.
    """
    began_s = time.perf_counter()
    mesh = mesh_for(options, settings, topology.devices)
    optimizer = make_optimizer(settings.optimizer)
    state = abstract_tree(state_maker(settings.model, optimizer, key=jax.random.key(0)), mesh)
    rows, whole = batch_sharding(mesh), NamedSharding(mesh, PartitionSpec())
    shape = settings.batch_size, settings.model.context_tokens + 1
    described = (
        jax.ShapeDtypeStruct(shape, jnp.int32, sharding=rows),
        jax.ShapeDtypeStruct(shape[:1], jnp.int32, sharding=rows),
        jax.ShapeDtypeStruct((), jnp.float32, sharding=whole),
    )
    batch = Batch._make(described)
    step = jit_step(state, optimizer, sources=sources, mesh=mesh, microbatches=options.microbatches)
    traced = step.trace(state, batch)
    compiled = _fitting(traced.lower(), topology)
    text, memory = compiled.as_text(), compiled.memory_analysis()
    assert text is not None
    assert memory is not None
    return Compiled(
        text=text,
        coordinates=tuple(tuple(device.coords[:2]) for device in mesh.devices.flat),
        mesh=dict(mesh.shape),
        argument_bytes=memory.argument_size_in_bytes,
        temporary_bytes=memory.peak_memory_in_bytes - memory.argument_size_in_bytes,
        code_bytes=memory.generated_code_size_in_bytes,
        matrix_flops=matrix_flops(traced.jaxpr) / mesh.size,
        compile_s=time.perf_counter() - began_s,
    )


def _fitting(lowered: jax.stages.Lowered, topology: Topology) -> jax.stages.Compiled:
    try:
        return lowered.compile()
    except JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        reason = " ".join(str(error).partition("RESOURCE_EXHAUSTED:")[2].split())
        remedy = "give more `--devices.microbatches`, keep less by `--model.remat-keeps`, or name a larger `--topology`"
        if "vmem" in reason.lower():
            # The fast memory beside the processor, which holds blocks.
            remedy = "give fewer `--model.attention-block-tokens`"
        told = textwrap.shorten(reason, 200, placeholder=" ...")
        raise UsageError(f"the step does not fit a chip of {topology.name} ({told}); {remedy}") from error
