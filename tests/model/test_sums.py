"""Checksums of arrays tell every single change, and nothing of how the arrays lie on devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from model.sharding import device_mesh
from model.sums import sums_of

KINDS = ["float32", "bfloat16", "int32", "uint8", "bool"]


def random_array(kind: str) -> np.ndarray:
    drawn = np.random.default_rng(3).integers(0, 256, (16, 8, jnp.dtype(kind).itemsize), np.uint8)
    if kind == "bool":
        return drawn[..., 0] > 127
    return np.ascontiguousarray(drawn).view(jnp.dtype(kind))[..., 0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_flip_of_any_single_bit_changes_the_sum(kind: str) -> None:
    array = random_array(kind)
    before = sums_of({"a": jnp.asarray(array)})["a"]
    assert 0 <= before < 2**32
    for place in range(0, array.nbytes, 7):
        changed = array.copy()
        changed.view(np.uint8).reshape(-1)[place] ^= 1
        assert sums_of({"a": jnp.asarray(changed)})["a"] != before


def test_two_elements_that_change_places_change_the_sum() -> None:
    array = np.arange(64, dtype=np.float32).reshape(8, 8)
    assert sums_of({"a": jnp.asarray(array)}) != sums_of({"a": jnp.asarray(array.T)})


def test_a_sum_does_not_depend_on_the_devices() -> None:
    array, mesh = random_array("float32"), device_mesh(fsdp=8)
    split = jax.device_put(array, NamedSharding(mesh, PartitionSpec("fsdp")))
    assert len(split.sharding.device_set) == 8
    assert sums_of({"a": split}) == sums_of({"a": jnp.asarray(array)})


def test_a_scalar_and_an_empty_array_have_sums() -> None:
    assert sums_of({"a": jnp.asarray(3), "b": jnp.zeros((0, 4))}) == {"a": sums_of({"a": jnp.asarray(3)})["a"], "b": 0}
