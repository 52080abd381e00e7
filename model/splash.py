"""Splash attention, JAX's kernel for TPUs, by each device for its own rows and heads."""

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float, Int

from model.sharding import ROWS, TENSOR
from model.splash_blocks import SplashBlocks


def splash(
    q: Float[Array, "batch time heads head_width"],
    k: Float[Array, "batch time heads head_width"],
    v: Float[Array, "batch time heads head_width"],
    documents: Int[Array, "batch time"] | None,
    *,
    mesh: Mesh | None,
    blocks: SplashBlocks,
    name: str,
    interpret: bool,
) -> Float[Array, "batch time heads head_width"]:
    """Causal attention within `documents`, if there are some; `time` must be a multiple of every block.

    - `mesh`: the devices that rows and heads are split over. XLA cannot split a Pallas call.
    - `name`: under which `jax.checkpoint` finds what the kernel made: its output, and the logarithm of the sum of
        every query's weights. With both kept, going backward does not run the forward kernel again.
    - `interpret`: run it as plain JAX, slowly, where there is no TPU.
    """

    def of_device(q: Array, k: Array, v: Array, documents: Array | None) -> Array:
        return _of_device(q, k, v, documents, blocks=blocks, name=name, interpret=interpret)

    if mesh is None:
        return of_device(q, k, v, documents)
    heads, rows = PartitionSpec(ROWS, None, TENSOR), PartitionSpec(ROWS)
    # Pallas calls do not say how their outputs vary over the mesh, hence no `check_vma`.
    split = jax.shard_map(of_device, mesh=mesh, in_specs=(heads, heads, heads, rows), out_specs=heads, check_vma=False)
    return split(q, k, v, documents)


def _of_device(
    q: Float[Array, "batch time heads head_width"],
    k: Float[Array, "batch time heads head_width"],
    v: Float[Array, "batch time heads head_width"],
    documents: Int[Array, "batch time"] | None,
    *,
    blocks: SplashBlocks,
    name: str,
    interpret: bool,
) -> Float[Array, "batch time heads head_width"]:
    # TPU kernels are experimental in JAX, and a start without a TPU has no need of them.
    from jax.experimental.pallas.ops.tpu import splash_attention

    time, heads, head_width = q.shape[1:]
    kernel = splash_attention.make_splash_mha_single_device(
        splash_attention.MultiHeadMask([splash_attention.CausalMask((time, time))] * heads),
        block_sizes=splash_attention.BlockSizes(
            block_q=blocks.q,
            block_kv=blocks.kv,
            block_kv_compute=blocks.kv_compute,
            block_q_dkv=blocks.q_dkv,
            block_kv_dkv=blocks.kv_dkv,
            block_kv_dkv_compute=blocks.kv_dkv_compute,
            block_q_dq=blocks.q_dq or None,
            block_kv_dq=blocks.kv_dq or None,
            use_fused_bwd_kernel=blocks.fused_backward,
        ),
        residual_checkpoint_name=name,
        interpret=interpret,
    )
    segments = None if documents is None else splash_attention.SegmentIds(documents, documents)
    q, k, v = (jnp.swapaxes(x, 1, 2) for x in (q * head_width**-0.5, k, v))
    # A batched Pallas call has one more axis in its grid, so that rows follow each other without a gap.
    attended = jax.vmap(kernel)(q, k, v, segments)
    # Typed as a union: with residuals, which were not asked for, it would return a pair.
    return jnp.swapaxes(attended, 1, 2)  # pyright: ignore[reportArgumentType]
