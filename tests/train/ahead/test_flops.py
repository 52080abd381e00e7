"""FLOPs of a traced step, against the model's own count."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from model.config import ModelConfig
from model.loss import mean_loss
from model.sharding import device_mesh
from model.transformer import Transformer
from train.ahead.flops import matrix_flops

CONFIG = ModelConfig(vocab_size=96, context_tokens=16, width=32, layers=3, heads=2, hidden=64, loss_chunk_tokens=32)
ROWS = jnp.zeros((8, 17), jnp.int32)


def counted(config: ModelConfig, devices: int | None = None) -> float:
    mesh = None if devices is None else device_mesh(jax.devices()[:devices])
    model = Transformer(config, key=jax.random.key(0))
    return matrix_flops(jax.make_jaxpr(jax.grad(lambda model: mean_loss(model, ROWS, mesh=mesh)[0]))(model))


@pytest.mark.parametrize("devices", [None, 1, 8])
def test_a_steps_products_are_those_that_the_model_counts(devices: int | None) -> None:
    assert counted(CONFIG, devices) == 8 * 16 * CONFIG.flops_per_token


def test_recomputation_is_counted() -> None:
    block = 6 * (4 * 32**2 + 3 * 32 * 64) + 12 * 32 * 16
    again = counted(dataclasses.replace(CONFIG, remat=True)) - counted(CONFIG)
    # A third of the forward and backward products of each block, but for the last, whose result nobody needs.
    assert again == 8 * 16 * 3 * (block / 3 - 2 * 32 * 64 - 2 * 32 * 32)
