"""Causal attention: one function, and the kernel that suits the device."""

from typing import Literal, get_args

import jax
import jax.numpy as jnp
from jax.ad_checkpoint import checkpoint_name
from jax.sharding import Mesh
from jaxtyping import Array, Bool, DTypeLike, Float, Int

from model.packed import Layout, visible
from model.sharding import platform
from model.splash import splash
from model.splash_blocks import LANES, SplashBlocks, splash_blocks

# The name under which rematerialisation can keep what attention made.
ATTENTION = "attention"
Implementation = Literal["splash", "cudnn", "xla"]
# Queries of a packed row whose scores are held at once: all scores of a long row would be gigabytes.
MOST_QUERIES = 1_024
# A row's queries are cut into so many parts, each of which meets no keys beyond its own: 7 in 16 of all scores are
# never made. Smaller parts than the second would cost more than they save.
QUERY_PARTS, LEAST_QUERIES = 8, 64


def attend(
    q: Float[Array, "batch time heads head_width"],
    k: Float[Array, "batch time heads head_width"],
    v: Float[Array, "batch time heads head_width"],
    *,
    implementation: Implementation | None = None,
    mesh: Mesh | None = None,
    layout: Layout | None = None,
    documents: Int[Array, "batch time"] | None = None,
    blocks: SplashBlocks | None = None,
    largest_block: int = 0,
) -> Float[Array, "batch time heads head_width"]:
    """Causal scaled dot-product attention with a float32 softmax (Vaswani et al. 2017, 3.2.1).

    - `implementation`: `"splash"` (the Pallas kernel of TPUs; elsewhere it is interpreted, slowly),
        `"cudnn"` (bfloat16 on NVIDIA GPUs) or `"xla"` (anything, and holds all scores). By default
        what `default_implementation` says.
    - `mesh`: the devices that the rows are split over, if they are. Splash needs it there, because
        XLA cannot split a Pallas call.
    - `layout`: which tokens of a packed row look at which. The kernels know no branches, so with a
        layout it is always `"xla"`, which then holds the scores of some queries at a time.
    - `documents`: the number of each token's document in its row (`model.packed.number_documents`);
        tokens then look only at tokens of their own. cuDNN is given that as a bias for every pair
        of tokens, which takes 2 * time**2 bytes a row.
    - `blocks`: of splash, by default those of `splash_blocks` of at most `largest_block` tokens.

    Raises `ValueError` for an unknown implementation, or a time that splash has no blocks for.
    """
    if layout is not None and documents is not None:
        raise ValueError("a `layout` says itself which tokens are one text; leave it or `documents` out.")
    if layout is not None and implementation in (None, "xla"):
        return _packed(q, k, v, layout)
    if layout is not None:
        raise ValueError(f"`implementation` {implementation!r} takes no `layout`; leave one of them out.")
    time, device = q.shape[1], platform(mesh)
    match implementation or default_implementation(device, q.dtype, time=time):
        case "splash":
            blocks = blocks or splash_blocks(time, q.shape[-1], largest=largest_block)
            return splash(q, k, v, documents, mesh=mesh, blocks=blocks, name=ATTENTION, interpret=device != "tpu")
        case "cudnn":
            own = None if documents is None else _same(documents)
            attended = jax.nn.dot_product_attention(q, k, v, mask=own, is_causal=True, implementation="cudnn")
        case "xla":
            attended = _xla(q, k, v, documents)
        case unknown:
            raise ValueError(
                f"`implementation` must be one of {get_args(Implementation)}, got {unknown!r}; "
                "leave it out to choose by device."
            )
    return checkpoint_name(attended, ATTENTION)


def default_implementation(platform: str, dtype: DTypeLike, *, time: int) -> Implementation:
    """The fastest implementation that `platform` has for rows of `time` tokens in `dtype`.

    Off TPUs and GPUs, for what a kernel does not take (cuDNN: float32; splash: rows that no block
    divides), it is `"xla"`.
    """
    if platform == "tpu" and time % LANES == 0:
        return "splash"
    if platform in ("gpu", "cuda") and jnp.dtype(dtype) == jnp.bfloat16:
        return "cudnn"
    return "xla"


def attend_cached(
    q: Float[Array, "batch 1 heads head_width"],
    keys: Float[Array, "batch heads slots head_width"],
    values: Float[Array, "batch heads slots head_width"],
    seen: Bool[Array, "batch slots"],
) -> Float[Array, "batch 1 heads head_width"]:
    """Attention of one new token of each row to the slots of a cache that it may see."""
    return jnp.swapaxes(_weigh(jnp.swapaxes(q, 1, 2), keys, values, seen[:, None, None]), 1, 2)


def _xla(
    q: Float[Array, "batch time heads head_width"],
    k: Float[Array, "batch time heads head_width"],
    v: Float[Array, "batch time heads head_width"],
    documents: Int[Array, "batch time"] | None,
) -> Float[Array, "batch time heads head_width"]:
    q, k, v = (jnp.swapaxes(x, 1, 2) for x in (q, k, v))
    time = q.shape[2]
    seen = jnp.tril(jnp.ones((1, 1, time, time), bool))
    if documents is not None:
        seen &= _same(documents)
    queries = max(LEAST_QUERIES, -(-time // QUERY_PARTS))
    parts = []
    for first in range(0, time, queries):
        part, past = slice(first, first + queries), slice(first + queries)
        parts.append(_weigh(q[:, :, part], k[:, :, past], v[:, :, past], seen[:, :, part, past]))
    return jnp.swapaxes(jnp.concatenate(parts, axis=2), 1, 2)


def _same(documents: Int[Array, "batch time"]) -> Bool[Array, "batch 1 time time"]:
    return (documents[:, :, None] == documents[:, None])[:, None]


def _weigh(
    q: Float[Array, "batch heads time head_width"],
    k: Float[Array, "batch heads keys head_width"],
    v: Float[Array, "batch heads keys head_width"],
    seen: Bool[Array, "rows 1 time keys"],
) -> Float[Array, "batch heads time head_width"]:
    # Written out because it trains a third faster on CPUs than `jax.nn.dot_product_attention`:
    # heads are moved outwards once, and not in each product.
    scores = jnp.einsum("bhtd,bhsd->bhts", q, k, preferred_element_type=jnp.float32)
    weights = jax.nn.softmax(jnp.where(seen, scores * q.shape[-1] ** -0.5, -jnp.inf), axis=-1)
    return jnp.einsum("bhts,bhsd->bhtd", weights.astype(v.dtype), v)


def _packed(
    q: Float[Array, "batch time heads head_width"],
    k: Float[Array, "batch time heads head_width"],
    v: Float[Array, "batch time heads head_width"],
    layout: Layout,
) -> Float[Array, "batch time heads head_width"]:
    q, k, v = (jnp.swapaxes(x, 1, 2) for x in (q, k, v))
    batch, heads, time, head_width = q.shape
    queries = max(count for count in range(1, min(time, MOST_QUERIES) + 1) if time % count == 0)
    if queries == time:
        return jnp.swapaxes(_weigh(q, k, v, visible(layout, layout)[:, None]), 1, 2)

    def some_queries(part: tuple[Array, Layout]) -> Array:
        return _weigh(part[0], k, v, visible(part[1], layout)[:, None])

    cut_q = jnp.moveaxis(q.reshape(batch, heads, -1, queries, head_width), 2, 0)
    cut_layout = jax.tree.map(lambda x: jnp.moveaxis(x.reshape(batch, -1, queries), 1, 0), layout)
    attended = jnp.moveaxis(jax.lax.map(some_queries, (cut_q, cut_layout)), 0, 2)
    return jnp.swapaxes(attended.reshape(q.shape), 1, 2)
