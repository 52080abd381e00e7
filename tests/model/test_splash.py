"""Splash attention with any blocks, on any mesh, and what a backward pass finds kept of it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from model.attention import ATTENTION, attend
from model.config import ModelConfig
from model.sharding import ROWS, TENSOR, device_mesh
from model.splash_blocks import SplashBlocks, splash_blocks
from model.transformer import Transformer

APART = SplashBlocks(q=128, kv=256, kv_compute=128, q_dkv=256, kv_dkv=256, kv_dkv_compute=128, q_dq=256, kv_dq=128)
FUSED = SplashBlocks(q=256, kv=128, kv_compute=128, q_dkv=128, kv_dkv=256, kv_dkv_compute=128)
DOCUMENTS = jnp.cumsum(jnp.zeros((2, 256), jnp.int32).at[:, jnp.array([40, 41, 200])].set(1), axis=1)


def draw(shape: tuple[int, ...] = (2, 256, 2, 16)) -> list[jax.Array]:
    return [jax.random.normal(jax.random.key(n), shape) for n in range(4)]


@functools.partial(jax.jit, static_argnames=("implementation", "blocks"))
def there_and_back(q, k, v, to_out, documents, *, implementation: str, blocks: SplashBlocks | None = None):
    attention = functools.partial(attend, documents=documents, implementation=implementation, blocks=blocks)
    attended, back = jax.vjp(attention, q, k, v)
    return attended, back(to_out)


@pytest.mark.parametrize("documents", [None, DOCUMENTS], ids=["one text", "documents"])
@pytest.mark.parametrize("blocks", [APART, FUSED], ids=["two backward kernels", "one"])
def test_blocks_change_no_number(blocks: SplashBlocks, documents: jax.Array | None) -> None:
    ours = there_and_back(*draw(), documents, implementation="splash", blocks=blocks)
    theirs = there_and_back(*draw(), documents, implementation="xla")
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_devices_share_rows_and_heads() -> None:
    mesh = device_mesh(jax.devices()[:4], tensor=2)
    split = NamedSharding(mesh, PartitionSpec(ROWS, None, TENSOR))
    q, k, v = (jax.device_put(x, split) for x in draw()[:3])
    documents = jax.device_put(DOCUMENTS, NamedSharding(mesh, PartitionSpec(ROWS)))
    attention = functools.partial(attend, documents=documents, implementation="splash", mesh=mesh)
    compiled = jax.jit(attention).lower(q, k, v).compile()
    attended = compiled(q, k, v)
    assert attended.sharding.is_equivalent_to(split, 4)
    assert "all-gather" not in compiled.as_text()
    whole = there_and_back(*draw(), DOCUMENTS, implementation="xla")[0]
    np.testing.assert_allclose(attended, whole, rtol=1e-4, atol=1e-5)


def test_with_its_results_kept_the_forward_kernel_does_not_run_again() -> None:
    mesh = device_mesh(jax.devices()[:1])

    def layer(q, k, v):
        return attend(q, k, v, implementation="splash", mesh=mesh)

    def step(*kept: str):
        policy = jax.checkpoint_policies.save_only_these_names(*kept)
        recomputed = jax.checkpoint(layer, policy=policy)
        return jax.grad(lambda q, k, v: jnp.square(recomputed(q, k, v)).sum(), argnums=(0, 1, 2))

    def loops(function) -> int:
        # An interpreted kernel is a loop over its grid.
        return jax.jit(function).lower(*draw()[:3]).compile().as_text().count(" while(")

    assert loops(step()) - loops(step(ATTENTION)) == loops(layer) > 0


def test_long_rows_get_the_largest_blocks_that_divide_them() -> None:
    assert splash_blocks(8_192, 128).q == splash_blocks(8_192, 128).q_dkv == 1_024
    assert splash_blocks(8_192, 128).kv_dkv == 2_048
    assert splash_blocks(8_192, 128).kv_compute == 512
    assert splash_blocks(1_536, 128).kv == 768
    assert splash_blocks(1_536, 128).kv_compute == 384
    assert splash_blocks(128, 16).q_dkv == 128


def test_blocks_are_no_larger_than_was_asked_for() -> None:
    blocks = splash_blocks(8_192, 128, largest=256)
    assert (blocks.q, blocks.kv, blocks.kv_compute, blocks.q_dkv) == (256,) * 4
    assert blocks.kv_dkv == 512
    assert splash_blocks(8_192, 128, largest=1_024) == splash_blocks(8_192, 128)
    assert splash_blocks(1_536, 128, largest=1_024).q == 768


def grids(jaxpr: jax.extend.core.Jaxpr) -> set[tuple[int, ...]]:
    """The grids of all kernels in a traced function."""
    found = set()
    for equation in jaxpr.eqns:
        if equation.primitive.name == "pallas_call":
            found.add(equation.params["grid_mapping"].grid)
        for inner in jax.tree.leaves(equation.params, is_leaf=lambda each: hasattr(each, "eqns")):
            if hasattr(inner, "eqns"):
                found |= grids(inner)
    return found


@pytest.mark.parametrize(
    ("most", "grids_of_rows"),
    [(0, {(2, 1, 1), (1, 2, 1)}), (128, {(2, 4, 4), (2, 2, 4)}), (256, {(2, 2, 2), (1, 2, 2)})],
)
def test_a_models_kernels_have_the_blocks_of_its_config(
    most: int, grids_of_rows: set[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forward heads, blocks of queries, of keys; backward blocks of keys, which are twice as long, heads, queries."""
    monkeypatch.setattr("model.attention.default_implementation", lambda *_, **__: "splash")
    config = ModelConfig(96, context_tokens=512, width=32, layers=2, heads=2, hidden=32, attention_block_tokens=most)
    model = jax.eval_shape(lambda: Transformer(config, key=jax.random.key(0)))
    there_and_back = jax.grad(lambda model, tokens: model(tokens).sum())
    traced = jax.make_jaxpr(there_and_back)(model, jnp.zeros((3, 512), jnp.int32))
    assert grids(traced.jaxpr) == {(3, *grid) for grid in grids_of_rows}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"q": 200}, "`q` must be a multiple of 128 above 0, got 200"),
        ({"kv_dkv": 0}, "`kv_dkv` must be a multiple of 128 above 0, got 0"),
        ({"kv_compute": 384}, "`kv` must be a multiple of `kv_compute`, got 256 and 384"),
        ({"q_dq": 0}, "must both be given, or both be 0 for one backward kernel, got 0 and 128"),
    ],
)
def test_blocks_that_do_not_fit_each_other_are_refused(change: dict[str, int], said: str) -> None:
    sizes = {name: getattr(APART, name) for name in APART.__dataclass_fields__}
    with pytest.raises(ValueError, match=said):
        SplashBlocks(**sizes | change)


def test_a_time_that_no_block_divides_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 128, got 100"):
        attend(*draw((2, 100, 2, 16))[:3], implementation="splash")
