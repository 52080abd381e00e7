"""Bits per byte: exact where the answer is known, whatever the batches."""

import math
import shutil
import sys
import types

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import eval.__main__
import eval.measure
from eval.documents import Documents, documents_of
from eval.heldout import HeldoutSet, bits_per_byte, heldout_answers, load_heldout, token_bytes
from eval.measure import measure
from eval.results import append_rows, read_rows
from eval.rundir import RunConfig, RunFolder
from eval.statistics import estimate
from mixsched.errors import UsageError
from mixsched.shards import read_manifest
from model.config import ModelConfig
from model.sharding import device_mesh
from model.transformer import Transformer
from train.prepare.stages.pack import empty_stream, packed

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
        told = bits_per_byte(flat_model(), held, batch_size=8, mesh=device_mesh())
        assert told.value == pytest.approx(expected, rel=1e-5)
        assert told.n == len(held.rows)


def test_the_batch_size_and_the_number_of_devices_do_not_matter(shards):
    model = Transformer(CONFIG, key=jax.random.key(1))
    (held, *_) = heldout_sets(shards, rows=11)
    eight = bits_per_byte(model, held, batch_size=8, mesh=device_mesh())
    one = bits_per_byte(model, held, batch_size=3, mesh=device_mesh(jax.devices()[:1]))
    assert eight.value == pytest.approx(one.value, rel=1e-5)
    assert eight.stderr == pytest.approx(one.stderr, rel=1e-4)


def test_a_run_measures_in_as_many_parts_as_it_trains_in(shards, monkeypatch):
    sizes: list[int] = []

    def noting(*words, batch_size: int, mesh):
        sizes.append(batch_size)
        return bits_per_byte(*words, batch_size=batch_size, mesh=mesh)

    monkeypatch.setattr(eval.measure, "bits_per_byte", noting)
    model, held = Transformer(CONFIG, key=jax.random.key(1)), heldout_sets(shards, rows=11)[:1]
    config = RunConfig("a", "a", "nano", 0, "", "", {}, {"batch_size": 16})
    whole, halves = (
        measure(model, held, config, steps_done=1, mesh=device_mesh(), parts=parts)[held[0].source] for parts in (1, 2)
    )
    assert sizes == [16, 8]
    assert halves.value == pytest.approx(whole.value, rel=1e-6)


def test_documents_are_those_of_the_manifest_and_their_sums_make_up_the_value(shards):
    model = Transformer(CONFIG, key=jax.random.key(1))
    for held in heldout_sets(shards):
        manifest = read_manifest(shards / held.source / "heldout")
        told = bits_per_byte(model, held, batch_size=8, mesh=device_mesh())
        sums = told.documents
        assert len(sums.names) == len(set(sums.names)) == manifest.documents
        assert sums.bytes.sum() == manifest.text_bytes
        assert sums.bits.sum() / sums.bytes.sum() == pytest.approx(told.value)
        for name in sums.names:
            record, place = map(int, name.split(":"))
            # What precedes the first token of a document is the EOS of the one before.
            assert held.rows[record, place] == manifest.eos_id


def test_a_document_has_the_bytes_and_bits_of_its_own_tokens(shards):
    """The flat model pays the same for each token, so that bits count tokens."""
    held = max(heldout_sets(shards), key=lambda each: len(each.rows))
    eos_id = read_manifest(shards / held.source / "heldout").eos_id
    stream = held.rows[:, 1:].ravel()
    pieces = [piece[piece != eos_id] for piece in np.split(stream, np.flatnonzero(stream == eos_id) + 1)]
    pieces = [piece for piece in pieces if len(piece)]
    sums = bits_per_byte(flat_model(), held, batch_size=8, mesh=device_mesh()).documents
    assert sums.bytes.tolist() == [held.bytes_of_token[piece].sum() for piece in pieces]
    assert sums.bits == pytest.approx([len(piece) * math.log2(640) for piece in pieces], rel=1e-5)


class Records:
    """Rows in memory, as `documents_of` reads them."""

    def __init__(self, rows: np.ndarray):
        self.rows, self.manifest = rows, types.SimpleNamespace(eos_id=1)

    def __getitem__(self, record: int) -> np.ndarray:
        return self.rows[record]


@given(
    st.lists(st.sampled_from([1, 7, 7, 7, 8]), min_size=4, max_size=60),
    st.integers(2, 5),
    st.sets(st.integers(0, 29), min_size=1),
)
# The first row ends with a document; the next one fills a row that isn't read, and goes on in the last.
@example([7, 1, 7, 7, 7, 7], 2, {0, 2})
def test_chosen_rows_have_the_documents_that_they_have_among_all_rows(tokens, context_tokens, chosen):
    stream, part = empty_stream(len(tokens), context_tokens=context_tokens, eos_id=1, dtype="uint16")
    part[:] = tokens
    rows = packed(stream, context_tokens=context_tokens)
    records = np.array(sorted({record % len(rows) for record in chosen}))
    told = documents_of(Records(rows), rows[records], records)
    # Each token's document is told by the end of sequences before it in the whole stream.
    ends = np.cumsum(stream[:-1] == 1).reshape(len(rows), -1)[records]
    known, expected = np.unique(ends, return_inverse=True)
    assert told.numbers.ravel().tolist() == expected.ravel().tolist()
    assert len(told.names) == len(known)
    assert [told.names[number] for number in np.unique(told.numbers)] == [
        f"{records[row]}:{place}" for row, place in (np.argwhere(ends == number)[0] for number in known)
    ]


def test_the_standard_error_is_that_of_documents_whatever_rows_they_fill(shards):
    """Against a bootstrap over documents, for a model whose documents differ."""
    model = Transformer(CONFIG, key=jax.random.key(1))
    held = max(heldout_sets(shards), key=lambda each: len(each.documents.names))
    told = bits_per_byte(model, held, batch_size=8, mesh=device_mesh())
    bits, sizes = told.documents.bits, told.documents.bytes
    draw = np.random.default_rng(0).integers(0, len(sizes), (4_000, len(sizes)))
    resampled = bits[draw].sum(1) / sizes[draw].sum(1)
    assert told.stderr == pytest.approx(resampled.std(), rel=0.25)


def test_one_document_tells_no_standard_error(shards):
    held = heldout_sets(shards)[0]
    one = HeldoutSet("one", held.rows[:1], Documents(np.zeros((1, 32), np.int32), ["0:0"]), held.bytes_of_token, "")
    told = bits_per_byte(flat_model(), one, batch_size=8, mesh=device_mesh())
    assert (told.stderr, told.n, told.documents.names) == (None, 1, ["0:0"])


def test_answers_to_a_held_out_source_give_its_value_and_error_again(shards):
    model = Transformer(CONFIG, key=jax.random.key(1))
    (held, *_) = heldout_sets(shards, rows=11)
    told = bits_per_byte(model, held, batch_size=8, mesh=device_mesh())
    answers = heldout_answers(held, told)
    again = estimate(answers, answers.record.headline)
    assert answers.record.task == f"heldout/{held.source}"
    assert answers.record.settings["rows"] == 11
    assert (again.value, again.stderr) == (pytest.approx(told.value), pytest.approx(told.stderr))


def test_eval_command_repeats_what_training_measured_and_adds_only_what_is_new(
    finished_run, tmp_path, monkeypatch, capsys
):
    folder = RunFolder(shutil.copytree(finished_run.path, tmp_path / "run"))
    before = read_rows(folder.results)

    monkeypatch.setattr(sys, "argv", ["eval", f"--run={folder.path}", "--rows=8"])
    eval.__main__.main()
    assert "0 new measurements" in capsys.readouterr().out
    assert read_rows(folder.results) == before

    monkeypatch.setattr(sys, "argv", ["eval", f"--run={folder.path}"])
    eval.__main__.main()
    assert "3 new measurements" in capsys.readouterr().out
    new = read_rows(folder.results)[len(before) :]
    assert [row.step for row in new] == [32, 32, 32]
    assert all(row.n > 8 for row in new)


def test_a_torn_last_result_line_is_passed_over_with_a_word_and_replaced(finished_run, tmp_path, capsys):
    rows = read_rows(finished_run.results)
    path = tmp_path / "results.jsonl"
    append_rows(path, rows)
    with path.open("a") as stream:
        stream.write('{"run": "half a')
    assert read_rows(path) == rows
    assert "passed over the last line of" in capsys.readouterr().out
    append_rows(path, rows[:1])
    assert read_rows(path) == [*rows, rows[0]]
    assert not capsys.readouterr().out


def test_a_broken_result_line_is_named(finished_run, tmp_path):
    rows = read_rows(finished_run.results)
    path = tmp_path / "results.jsonl"
    append_rows(path, rows)
    with path.open("a") as stream:
        stream.write('{"run": "half a\n')
    with pytest.raises(UsageError, match=f"line {len(rows) + 1} of"):
        read_rows(path)
