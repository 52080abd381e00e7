"""The counts of a config against the arrays that it builds, and what it refuses."""

import dataclasses
import subprocess
import sys

import equinox as eqx
import jax
import pytest

from model.config import SIZES, ModelConfig
from model.transformer import Transformer

NAMED = {"micro": 10e6, "470m": 470e6, "2.8b": 2.8e9}


@pytest.mark.parametrize("name", SIZES)
def test_parameters_are_those_of_the_arrays(name: str) -> None:
    model = eqx.filter_eval_shape(Transformer, SIZES[name], key=jax.random.key(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(model)) == SIZES[name].parameters


@pytest.mark.parametrize(("name", "parameters"), NAMED.items())
def test_sizes_are_within_a_hundredth_of_their_names(name: str, parameters: float) -> None:
    assert abs(SIZES[name].parameters / parameters - 1) < 0.01


def test_flops_are_six_a_weight_and_the_products_of_attention() -> None:
    config = ModelConfig(vocab_size=64, context_tokens=8, width=16, layers=1, heads=2, hidden=24)
    by_hand = 64 * 16 + 4 * 16 * 16 + 3 * 16 * 24
    assert config.flops_per_token == 6 * by_hand + 6 * (2 * 8 * 16)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": 0}, "`layers` must be at least 1, got 0"),
        ({"width": 126}, "`width` must be a multiple of 2 .* 126 and heads 4; try a width of 128"),
        ({"dtype": "float16"}, "`dtype` must be one of .*bfloat16.*'float16'"),
        ({"loss_chunk_tokens": -1}, "`loss_chunk_tokens` must not be negative, got -1"),
        ({"attention_block_tokens": 200}, "`attention_block_tokens` must be a multiple of 128, got 200"),
        ({"attention_block_tokens": -128}, "`attention_block_tokens` must be a multiple of 128, got -128"),
        ({"rope_base": 1.0}, "`rope_base` must be above 1, got 1.0"),
        ({"document_end": 2_048}, "`document_end` must be a token id, 0 to 2047, got 2048"),
    ],
)
def test_a_size_that_cannot_be_built_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SIZES["nano"], heads=4, **change)


def test_reading_a_config_does_not_import_jax() -> None:
    code = "import sys, model.config; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
