"""A model split over devices gives the numbers of one device, and gathers no rows."""

import functools
import re

import equinox as eqx
import jax
import numpy as np
import optax
from jax.sharding import PartitionSpec

from model.config import ModelConfig
from model.loss import token_losses
from model.sharding import batch_sharding, device_mesh, parameter_shardings
from model.transformer import Transformer

# No size of the batch equals one of the model, so that shapes tell activations from parameters.
CONFIG = ModelConfig(vocab_size=512, context_tokens=24, width=64, layers=8, heads=2, hidden=96, loss_chunk_tokens=12)
BATCH = 40
SPLIT = ("fsdp", "tensor")
MODEL = Transformer(CONFIG, key=jax.random.key(0))
PARAMETERS, STATIC = eqx.partition(MODEL, eqx.is_array)
ROWS = jax.random.randint(jax.random.key(7), (BATCH, 25), 0, 512)


def specs(tree: object) -> dict[str, PartitionSpec]:
    leaves = jax.tree_util.tree_leaves_with_path(parameter_shardings(tree, device_mesh()))
    return {jax.tree_util.keystr(path): leaf.spec for path, leaf in leaves}


def test_an_axis_before_the_last_is_split_and_never_the_layers() -> None:
    assert specs(MODEL) == {
        ".embedding": PartitionSpec(SPLIT, None),
        ".blocks.norm": PartitionSpec(),
        ".blocks.qkv": PartitionSpec(None, SPLIT, None),
        ".blocks.attention_out": PartitionSpec(None, SPLIT, None),
        ".blocks.gate_up": PartitionSpec(None, SPLIT, None),
        ".blocks.down": PartitionSpec(None, SPLIT, None),
        ".norm": PartitionSpec(),
    }


def test_what_no_axis_fits_is_whole() -> None:
    assert specs({"odd": np.zeros((999, 77))}) == {"['odd']": PartitionSpec()}


def test_an_optimizer_state_is_split_as_its_parameters() -> None:
    state = specs(optax.adamw(1e-3).init(PARAMETERS))
    for path, spec in specs(MODEL).items():
        assert state[f"[0].mu{path}"] == state[f"[0].nu{path}"] == spec
    assert state["[0].count"] == PartitionSpec()


@functools.cache
def compiled_step(devices: tuple[jax.Device, ...]):
    mesh = device_mesh(devices)

    def loss(parameters, rows):
        return token_losses(eqx.combine(parameters, STATIC), rows, mesh=mesh).mean()

    shardings = parameter_shardings(PARAMETERS, mesh)
    rows_sharding = batch_sharding(mesh)
    step = jax.jit(
        jax.value_and_grad(loss),
        in_shardings=(shardings, rows_sharding),
        out_shardings=(None, shardings),
    )
    arguments = jax.device_put(PARAMETERS, shardings), jax.device_put(ROWS, rows_sharding)
    return step.lower(*arguments).compile(), arguments


def test_eight_devices_give_the_numbers_of_one() -> None:
    results = []
    for devices in (jax.devices()[:1], tuple(jax.devices()[:8])):
        step, arguments = compiled_step(tuple(devices))
        results.append(jax.device_get(step(*arguments)))
    for one, eight in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(eight, one, rtol=1e-5, atol=1e-7)


def test_devices_exchange_parameters_and_never_rows() -> None:
    step, _ = compiled_step(tuple(jax.devices()[:8]))
    moved = re.findall(r"= (.*) (all-gather|all-reduce|reduce-scatter|all-to-all)\(", step.as_text())
    shapes = {shape for result, _ in moved for shape in re.findall(r"\[([\d,]+)\]", result)}
    assert not [shape for shape in shapes if {str(BATCH), str(BATCH // 8), "24"} & set(shape.split(","))], shapes


def test_the_gradient_of_the_embedding_is_exchanged_outside_the_loops() -> None:
    step, _ = compiled_step(tuple(jax.devices()[:8]))
    of_vocabulary = [
        line
        for line in step.as_text().splitlines()
        if re.search(r"(all-gather|reduce-scatter)\(", line) and "shard_map" in line
    ]
    assert of_vocabulary
    assert not [line for line in of_vocabulary if "while" in line]
