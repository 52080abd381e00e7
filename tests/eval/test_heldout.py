"""Bits per byte: exact where the answer is known, whatever the batches."""

import math
import shutil
import sys

import equinox as eqx
import jax
import numpy as np
import pytest

import eval.__main__
from eval.heldout import HeldoutSet, bits_per_byte, load_heldout, token_bytes
from eval.results import append_rows, read_rows
from eval.rundir import RunFolder
from mixsched.errors import UsageError
from mixsched.shards import read_manifest
from model.config import ModelConfig
from model.sharding import data_mesh
from model.transformer import Transformer

CONFIG = ModelConfig(vocab_size=640, context_tokens=32, width=32, layers=1, heads=2, hidden=32)


def flat_model() -> Transformer:
    """A model to which every word is equally likely: its tied embedding is zero."""
    model = Transformer(CONFIG, key=jax.random.key(0))
    return eqx.tree_at(lambda m: m.embedding, model, 0 * model.embedding)


def heldout_sets(shards, rows=None) -> list[HeldoutSet]:
    tokenizer = read_manifest(shards / "text").tokenizer
    return load_heldout(shards, rows=rows, context_tokens=32, tokenizer=tokenizer)


def test_bytes_of_tokens_add_up_to_the_bytes_of_the_documents(shards):
    for held in heldout_sets(shards):
        manifest = read_manifest(shards / held.source / "heldout")
        assert held.bytes_of_token[held.rows[:, 1:]].sum() == manifest.text_bytes


def test_control_tokens_have_no_bytes_and_byte_tokens_have_one(shards):
    sizes = token_bytes(shards / "tokenizer.model")
    assert sizes[:2].tolist() == [0, 0]
    assert sizes[2:258].tolist() == [1] * 256


def test_a_flat_model_pays_log2_of_the_vocabulary_for_each_token(shards):
    for held in heldout_sets(shards):
        targets = held.rows[:, 1:]
        text = (held.bytes_of_token[targets] > 0).sum()
        expected = text * math.log2(640) / held.bytes_of_token[targets].sum()
        told = bits_per_byte(flat_model(), held, batch_size=8, mesh=data_mesh())
        assert told.value == pytest.approx(expected, rel=1e-5)
        assert told.n == len(held.rows)


def test_the_batch_size_and_the_number_of_devices_do_not_matter(shards):
    model = Transformer(CONFIG, key=jax.random.key(1))
    (held, *_) = heldout_sets(shards, rows=11)
    eight = bits_per_byte(model, held, batch_size=8, mesh=data_mesh())
    one = bits_per_byte(model, held, batch_size=3, mesh=data_mesh(jax.devices()[:1]))
    assert eight.value == pytest.approx(one.value, rel=1e-5)
    assert eight.stderr == pytest.approx(one.stderr, rel=1e-4)


def test_the_standard_error_is_that_of_the_rows(shards):
    """Against a bootstrap over rows, for a model whose rows differ."""
    model = Transformer(CONFIG, key=jax.random.key(1))
    held = next(each for each in heldout_sets(shards) if len(each.rows) >= 20)
    told = bits_per_byte(model, held, batch_size=8, mesh=data_mesh())
    each = [
        bits_per_byte(
            model, HeldoutSet("", held.rows[row : row + 1], held.bytes_of_token, ""), batch_size=8, mesh=data_mesh()
        )
        for row in range(len(held.rows))
    ]
    sizes = held.bytes_of_token[held.rows[:, 1:]].sum(1)
    bits = np.array([one.value for one in each]) * sizes
    draw = np.random.default_rng(0).integers(0, len(sizes), (4_000, len(sizes)))
    resampled = bits[draw].sum(1) / sizes[draw].sum(1)
    assert told.stderr == pytest.approx(resampled.std(), rel=0.15)


def test_eval_command_repeats_what_training_measured_and_adds_only_what_is_new(
    finished_run, tmp_path, monkeypatch, capsys
):
    folder = RunFolder(shutil.copytree(finished_run.path, tmp_path / "run"))
    before = read_rows(folder.results)

    monkeypatch.setattr(sys, "argv", ["eval", f"--run={folder.path}", "--rows=8"])
    eval.__main__.main()
    assert "0 new of 3 measurements" in capsys.readouterr().out
    assert read_rows(folder.results) == before

    monkeypatch.setattr(sys, "argv", ["eval", f"--run={folder.path}"])
    eval.__main__.main()
    assert "3 new of 3 measurements" in capsys.readouterr().out
    new = read_rows(folder.results)[len(before) :]
    assert [row.step for row in new] == [32, 32, 32]
    assert all(row.n > 8 for row in new)


def test_a_broken_result_line_is_named(finished_run, tmp_path):
    rows = read_rows(finished_run.results)
    path = tmp_path / "results.jsonl"
    append_rows(path, rows)
    assert read_rows(path) == rows
    with path.open("a") as stream:
        stream.write('{"run": "half a')
    with pytest.raises(UsageError, match=f"line {len(rows) + 1} of"):
        read_rows(path)
