"""One step: pinned numbers, the same on one device and on eight, and what the optimizer leaves alone."""

import functools

import jax
import numpy as np
import pytest

from model.config import ModelConfig
from model.sharding import device_mesh
from train.data import put_batch
from train.numbers import USUAL, NumberOptions
from train.scales import OptimizerConfig
from train.state import init_state, make_optimizer, state_maker
from train.step import jit_step

CONFIG = ModelConfig(vocab_size=96, context_tokens=16, width=32, layers=2, heads=2, hidden=64, loss_chunk_tokens=32)


def steps(
    devices: int,
    count: int,
    *,
    weight_decay: float = 0.1,
    learning_rate: float = 1e-2,
    eps: float = 1e-8,
    fsdp: int = 0,
    tensor: int = 1,
    microbatches: int = 1,
    numbers: NumberOptions = USUAL,
):
    """The state before and after `count` steps on so many devices, and each step's metrics."""
    mesh = device_mesh(jax.devices()[:devices], fsdp=fsdp, tensor=tensor)
    optimizer = make_optimizer(OptimizerConfig(peak_lr=1e-2, weight_decay=weight_decay, eps=eps))
    state = init_state(state_maker(CONFIG, optimizer, key=jax.random.key(0)), mesh)
    before = jax.device_get(state)
    step = jit_step(state, optimizer, sources=3, mesh=mesh, microbatches=microbatches, numbers=numbers)
    read = {
        "rows": np.random.default_rng(0).integers(0, 96, (8, 17), np.int32),
        "source": np.array([0, 0, 0, 0, 2, 2, 2, 0], np.int32),
    }
    told = []
    for _ in range(count):
        state, metrics = step(state, put_batch(read, learning_rate=learning_rate, mesh=mesh))
        told.append(jax.device_get(metrics))
    return before, jax.device_get(state), told


@functools.cache
def one_device():
    # Adam divides a gradient by its size: with its own `eps`, one that is nearly zero would make of the last bits of a
    # sum, which differ between processors, a whole step.
    return steps(1, 4, eps=1e-4)


@pytest.mark.parametrize(
    "layout",
    [
        {"devices": 8},
        {"devices": 8, "fsdp": 2},
        {"devices": 8, "fsdp": 2, "tensor": 2},
        {"devices": 4, "fsdp": 2, "microbatches": 2},
    ],
    ids=str,
)
def test_every_layout_gives_the_numbers_of_one_device(layout):
    _, one, told_by_one = one_device()
    _, eight, told_by_eight = steps(**layout, count=4, eps=1e-4)
    for a, b in zip(told_by_one, told_by_eight, strict=True):
        np.testing.assert_allclose(a.loss, b.loss, rtol=1e-5)
        np.testing.assert_allclose(a.grad_norm, b.grad_norm, rtol=1e-4)
        np.testing.assert_allclose(a.source_loss_sum, b.source_loss_sum, rtol=1e-5)
    for a, b in zip(jax.tree.leaves(one.model), jax.tree.leaves(eight.model), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_the_first_steps_have_the_numbers_they_always_had():
    _, _, told = steps(1, 3)
    assert [float(metrics.loss) for metrics in told] == pytest.approx(GOLDEN_LOSSES, rel=1e-5)


def test_losses_are_told_by_source():
    _, _, (told,) = steps(1, 1)
    assert told.source_tokens.tolist() == [5 * 16, 0, 3 * 16]
    assert told.source_loss_sum[1] == 0
    assert told.source_loss_sum.sum() / (8 * 16) == pytest.approx(told.loss, rel=1e-6)


def test_without_a_learning_rate_nothing_moves():
    before, after, _ = steps(1, 1, learning_rate=0.0)
    for a, b in zip(jax.tree.leaves(before.model), jax.tree.leaves(after.model), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("skips", [False, True])
def test_a_step_that_is_not_finite_leaves_all_as_it_was_where_it_is_skipped(skips):
    numbers = NumberOptions("skip" if skips else "stop")
    before, after, told = steps(2, 2, learning_rate=np.inf, numbers=numbers)
    # The first step is finite and makes the model infinite, the second finds it so.
    assert [bool(np.isfinite(metrics.loss)) for metrics in told] == [True, False]
    _, after_one, _ = steps(2, 1, learning_rate=np.inf, numbers=numbers)
    same = [
        np.array_equal(a, b, equal_nan=True) for a, b in zip(*map(jax.tree.leaves, (after_one, after)), strict=True)
    ]
    assert all(same) == skips
    assert not all(np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (before, after)), strict=True))


def test_a_finite_step_is_the_same_whether_others_would_be_skipped_and_norms_are_told_by_layer():
    _, plain, told = steps(2, 2)
    _, watched, watched_told = steps(2, 2, numbers=NumberOptions("skip", grad_norms_by_layer=True))
    for a, b in zip(*map(jax.tree.leaves, (plain, watched)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert told[0].layer_norms is None
    for metrics in watched_told:
        norms = metrics.layer_norms
        assert norms.layers.shape == (2,)
        squares = norms.embedding**2 + (norms.layers**2).sum() + norms.norm**2
        assert squares**0.5 == pytest.approx(metrics.grad_norm, rel=1e-5)


def test_weight_decay_spares_the_norms():
    _, plain, _ = steps(1, 1, weight_decay=0.0)
    _, decayed, _ = steps(1, 1, weight_decay=0.5)
    np.testing.assert_array_equal(plain.model.norm, decayed.model.norm)
    np.testing.assert_array_equal(plain.model.blocks.norm, decayed.model.blocks.norm)
    assert (plain.model.embedding != decayed.model.embedding).any()
    assert (plain.model.blocks.down != decayed.model.blocks.down).any()


GOLDEN_LOSSES = [4.5704103, 4.3650169, 4.1689320]
