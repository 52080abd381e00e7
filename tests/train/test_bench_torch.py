"""What is measured beside PyTorch is the same: loss, gradients and optimizer steps from the same weights."""

import os

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from model.config import ModelConfig
from model.loss import token_losses
from model.sharding import device_mesh
from model.transformer import Transformer
from train.bench.pytorch import step_seconds
from train.data import put_batch
from train.scales import OptimizerConfig
from train.state import TrainState, make_optimizer
from train.step import jit_step

# `make test-torch` sets it, so that there a missing package is no reason to skip.
if "MIXSCHED_TORCH" in os.environ:
    import torch  # pyright: ignore[reportMissingImports]
torch = pytest.importorskip("torch", reason="needs torch, which `make test-torch` installs beside and runs this with")

from train.bench.torch_model import adamw, descend, named_arrays, torch_copy  # noqa: E402

CONFIG = ModelConfig(vocab_size=96, context_tokens=16, width=32, layers=2, heads=2, hidden=48)
ROWS = np.random.default_rng(0).integers(0, 96, (4, 17), np.int32)
# Adam divides a gradient by its size: with a small `eps` it would make the last bits of one that is nearly zero a step.
OPTIMIZER = OptimizerConfig(peak_lr=1e-2, eps=1e-3, weight_decay=0.3, clip_norm=0.5)


def a_model() -> Transformer:
    """A model whose scales of norms are not the 1 of a new one."""
    fresh, keys = Transformer(CONFIG, key=jax.random.key(0)), iter(jax.random.split(jax.random.key(1), 7))
    return jax.tree.map(lambda x: x + 0.1 * jax.random.normal(next(keys), x.shape), fresh)


def assert_close(ours, theirs) -> None:
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        np.testing.assert_allclose(theirs[name], array, rtol=0, atol=1e-5 * np.abs(array).max(), err_msg=name)


def test_loss_and_gradients_are_those_of_our_model():
    model = a_model()
    loss, gradient = eqx.filter_value_and_grad(lambda model: token_losses(model, jnp.asarray(ROWS)).mean())(model)
    copy = torch_copy(model)
    their_loss = copy(torch.tensor(ROWS, dtype=torch.int64))
    their_loss.backward()
    assert their_loss.item() == pytest.approx(float(loss), rel=1e-6)
    assert_close(dict(named_arrays(gradient)), {name: each.grad.numpy() for name, each in copy.named_parameters()})


def test_optimizer_steps_end_at_our_weights():
    model, optimizer, mesh = a_model(), make_optimizer(OPTIMIZER), device_mesh(jax.devices()[:1])
    copy = torch_copy(model)
    their_optimizer = adamw(copy, OPTIMIZER, learning_rate=1e-2)
    state = TrainState(model, optimizer.init(model))  # pyright: ignore[reportArgumentType]
    step = jit_step(state, optimizer, sources=1, mesh=mesh)
    batch = put_batch({"rows": ROWS, "source": np.zeros(4, np.int32)}, learning_rate=1e-2, mesh=mesh)
    for _ in range(3):
        state, metrics = step(state, batch)
        # The clip is part of what is held against each other.
        assert metrics.grad_norm > OPTIMIZER.clip_norm
        their_loss = descend(copy, their_optimizer, torch.tensor(ROWS, dtype=torch.int64), clip_norm=0.5)
        assert their_loss.item() == pytest.approx(float(metrics.loss), rel=1e-5)
    ours = dict(named_arrays(state.model))
    assert_close(ours, {name: each.detach().numpy() for name, each in copy.named_parameters()})


def test_ways_take_turns_with_as_many_steps_each():
    turns = []
    took_s = step_seconds({name: lambda name=name: turns.append(name) for name in "ab"}, rounds=2, round_s=0)
    assert turns == list("aabb" + "aabbaabb")
    assert {name: len(rounds) for name, rounds in took_s.items()} == {"a": 2, "b": 2}
