"""Every implementation of attention that runs here, against six lines of float32."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from model.attention import attend, default_implementation
from model.sharding import batch_sharding, device_mesh

SHAPE = (2, 128, 2, 16)


def reference(q: jax.Array, k: jax.Array, v: jax.Array) -> jax.Array:
    scores = jnp.einsum("bthd,bshd->bhts", q, k) / np.sqrt(q.shape[-1])
    past = np.tril(np.ones((1, 1, q.shape[1], q.shape[1]), bool))
    weights = jnp.exp(scores) * past
    weights /= weights.sum(-1, keepdims=True)
    return jnp.einsum("bhts,bshd->bthd", weights, v)


def draw(shape: tuple[int, ...] = SHAPE, dtype: str = "float32") -> list[jax.Array]:
    return [jax.random.normal(jax.random.key(n), shape).astype(dtype) for n in range(3)]


def square_of(attention):
    return lambda q, k, v: jnp.square(attention(q, k, v)).sum()


@pytest.mark.parametrize("implementation", ["xla", "splash"])
def test_values_and_gradients_are_those_of_the_reference(implementation: str) -> None:
    @jax.jit
    def attention(q, k, v):
        return attend(q, k, v, implementation=implementation)

    np.testing.assert_allclose(attention(*draw()), reference(*draw()), rtol=1e-4, atol=1e-5)
    ours = jax.grad(square_of(attention), argnums=(0, 1, 2))(*draw())
    theirs = jax.grad(square_of(reference), argnums=(0, 1, 2))(*draw())
    for ours_of, theirs_of in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(ours_of, theirs_of, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("time", [64, 65, 150])
def test_rows_that_no_number_of_parts_divides_are_attended_to_their_end(time: int) -> None:
    inputs = draw((2, time, 2, 16))
    np.testing.assert_allclose(attend(*inputs, implementation="xla"), reference(*inputs), rtol=1e-4, atol=1e-5)


def test_bfloat16_differs_by_its_rounding_only() -> None:
    inputs = draw(dtype="bfloat16")
    exact = reference(*(x.astype("float32") for x in inputs))
    attended = attend(*inputs)
    assert attended.dtype == jnp.bfloat16
    np.testing.assert_allclose(attended.astype("float32"), exact, rtol=2e-2, atol=2e-2)


def test_scores_too_large_for_exp_stay_finite() -> None:
    q, k, v = draw()
    assert jnp.isfinite(attend(1e3 * q, 1e3 * k, v)).all()


def test_splash_on_a_mesh_works_on_each_devices_rows() -> None:
    mesh = device_mesh(jax.devices()[:2])
    inputs = [jax.device_put(x, batch_sharding(mesh)) for x in draw()]
    attended = jax.jit(lambda *x: attend(*x, implementation="splash", mesh=mesh))(*inputs)
    assert attended.sharding.is_equivalent_to(batch_sharding(mesh), attended.ndim)
    np.testing.assert_allclose(attended, reference(*draw()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("platform", "dtype", "time", "chosen"),
    [
        ("cpu", "float32", 256, "xla"),
        ("tpu", "bfloat16", 8_192, "splash"),
        ("tpu", "bfloat16", 100, "xla"),
        ("gpu", "bfloat16", 8_192, "cudnn"),
        ("gpu", "float32", 8_192, "xla"),
    ],
)
def test_the_default_suits_the_device(platform: str, dtype: str, time: int, chosen: str) -> None:
    assert default_implementation(platform, dtype, time=time) == chosen


@pytest.mark.parametrize("document_end", [None, 2])
def test_a_gpu_is_given_cudnns_kernels(monkeypatch: pytest.MonkeyPatch, document_end: int | None) -> None:
    """It traces and lowers without a GPU, which is all that is shown; the version of cuDNN is asked of its library."""
    version = types.SimpleNamespace(cudnn_get_version=lambda: 91_000)
    monkeypatch.setattr("jax._src.cudnn.fused_attention_stablehlo.cuda_versions", version)
    documents = None if document_end is None else jnp.zeros((2, 128), jnp.int32).at[:, 40:].set(1)

    def attention(q, k, v):
        return attend(q, k, v, implementation="cudnn", documents=documents)

    there_and_back = jax.jit(jax.grad(square_of(attention), argnums=(0, 1, 2)))
    lowered = there_and_back.trace(*draw(dtype="bfloat16")).lower(lowering_platforms=("cuda",)).as_text()
    kind = "ScaleBiasSoftmax" if document_end else "Softmax"
    assert f"__cudnn$fmha{kind}(" in lowered
    assert f"__cudnn$fmha{kind}Backward(" in lowered
