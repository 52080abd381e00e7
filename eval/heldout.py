"""Bits per byte on held-out documents: comparable between tokenizers, one number a source."""

import dataclasses
import functools
import math
from pathlib import Path

import jax
import numpy as np
import sentencepiece
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float32, Int

import mixsched
from eval.documents import DocumentMeter, Documents, DocumentSums, documents_of
from eval.items import Answers, Item, Metric, TaskRecord
from eval.statistics import ratio_estimate
from eval.tokenizer import run_tokenizer_file
from model.loss import token_losses
from model.placing import put_whole
from model.sharding import batch_sharding, rows_on
from model.transformer import Transformer


@dataclasses.dataclass(frozen=True)
class HeldoutSet:
    """Held-out rows of one source with the documents in them.

    - `bytes_of_token`: UTF-8 bytes of each token id.
    - `fingerprint`: of all held-out rows of the source, not only of these.
    - `whole`: whether these are all.
    """

    source: str
    rows: Int[np.ndarray, "rows time+1"]
    documents: Documents
    bytes_of_token: Int[np.ndarray, " vocab"]
    fingerprint: str
    whole: bool = True


@dataclasses.dataclass(frozen=True)
class Measurement:
    """Bits per byte over `n` rows; the standard error is that of their `documents`, None if there is only one."""

    value: float
    stderr: float | None
    n: int
    documents: DocumentSums


def load_heldout(shards: Path, *, rows: int | None, context_tokens: int, tokenizer: str) -> list[HeldoutSet]:
    """`rows` (None: all) held-out rows of every source under `shards`, by name, spread evenly over what it has."""
    bytes_of_token = token_bytes(run_tokenizer_file(shards, tokenizer))
    sets = []
    for manifest in sorted(shards.glob("*/heldout/manifest.json")):
        held = mixsched.open_rows(manifest.parent, context_tokens=context_tokens, tokenizer=tokenizer)
        count = min(rows or len(held), len(held))
        # Neighbouring rows may be of one document; spread out, the same number tells more.
        records = np.arange(count) * len(held) // count
        read = held.__getitems__(records.tolist()).astype(np.int32)
        documents = documents_of(held, read, records)
        manifest = held.manifest
        whole = count == len(held)
        sets.append(HeldoutSet(manifest.source, read, documents, bytes_of_token, manifest.fingerprint, whole))
    return sets


def token_bytes(tokenizer: Path) -> np.ndarray:
    """UTF-8 bytes of each token id, 0 for control tokens such as EOS: int32 [vocab].

    The tokenizer normalises nothing, so the bytes of a text's tokens add up to the bytes of the text.
    """
    processor = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))

    def size(word: int) -> int:
        if processor.is_control(word) or processor.is_unknown(word):
            return 0
        if processor.is_byte(word):
            return 1
        return len(processor.id_to_piece(word).replace("\u2581", " ").encode())

    return np.array([size(word) for word in range(processor.vocab_size())], np.int32)


def bits_per_byte(model: Transformer, held: HeldoutSet, *, batch_size: int, mesh: Mesh) -> Measurement:
    """Total loss of the text's tokens in bits over the text's bytes, EOS left out of both.

    Each row is predicted from its own tokens alone; `batch_size` is rounded up to what the devices share. The
    standard error is that of a ratio over documents, each of which may fill many rows.
    """
    batch_size = -(-batch_size // rows_on(mesh)) * rows_on(mesh)
    meter = DocumentMeter(held.documents)
    for start in range(0, len(held.rows), batch_size):
        part = held.rows[start : start + batch_size]
        # Every call has one shape, so that it compiles once; what is filled up is cut off again.
        filled = np.concatenate([part, np.repeat(part[:1], batch_size - len(part), axis=0)])
        losses = _losses(model, put_whole(filled, batch_sharding(mesh)), mesh=mesh)
        bits = jax.device_get(losses)[: len(part)].astype(np.float64) / math.log(2)
        meter.add(start, bits=bits, sizes=held.bytes_of_token[part[:, 1:]])
    sums = meter.sums()
    told = ratio_estimate(sums.bits, sums.bytes, np.arange(len(sums.names)))
    return Measurement(told.value, told.stderr, len(held.rows), sums)


@functools.partial(jax.jit, static_argnames="mesh")
def _losses(model: Transformer, rows: Int[Array, "batch time+1"], *, mesh: Mesh) -> Float32[Array, "batch time"]:
    # Whole on every device, so that each process reads all of them.
    return jax.lax.with_sharding_constraint(token_losses(model, rows, mesh=mesh), NamedSharding(mesh, PartitionSpec()))


def heldout_answers(held: HeldoutSet, told: Measurement) -> Answers:
    """What was measured on a source as the answers to a task whose items are the documents."""
    sums = told.documents
    items = [
        Item(item=name, prompt="", target="", scores={"bits_per_byte": [bits, size]})
        for name, bits, size in zip(sums.names, sums.bits.tolist(), sums.bytes.tolist(), strict=True)
    ]
    return Answers(heldout_record(held), items)


def heldout_record(held: HeldoutSet) -> TaskRecord:
    """A held-out source as a task, with what its answers depend on but the model."""
    rows = len(held.rows)
    return TaskRecord(
        task=f"heldout/{held.source}",
        kind="heldout",
        headline="bits_per_byte",
        metrics={"bits_per_byte": Metric("ratio", higher_is_better=False)},
        settings={"rows": rows, "limit": None if held.whole else rows, "data": held.fingerprint},
    )
