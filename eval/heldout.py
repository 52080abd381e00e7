"""Bits per byte on held-out documents: comparable between tokenizers, one number a source."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import sentencepiece
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float32, Int

import mixsched
from mixsched.errors import UsageError
from mixsched.shards import TOKENIZER_FILE, tokenizer_fingerprint
from model.loss import token_losses
from model.sharding import batch_sharding
from model.transformer import Transformer


@dataclasses.dataclass(frozen=True)
class HeldoutSet:
    """Held-out rows of one source, the UTF-8 bytes of each token id, and the fingerprint of all its held-out rows."""

    source: str
    rows: np.ndarray
    bytes_of_token: np.ndarray
    fingerprint: str


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A value with its standard error over `n` rows."""

    value: float
    stderr: float
    n: int


def load_heldout(shards: Path, *, rows: int | None, context_tokens: int, tokenizer: str) -> list[HeldoutSet]:
    """`rows` (None: all) held-out rows of every source under `shards`, by name, spread evenly over what it has."""
    if tokenizer_fingerprint(shards) != tokenizer:
        raise UsageError(f"'{shards}' holds another tokenizer than the run's; name the `--shards` of the run")
    bytes_of_token = token_bytes(shards / TOKENIZER_FILE)
    sets = []
    for manifest in sorted(shards.glob("*/heldout/manifest.json")):
        held = mixsched.open_rows(manifest.parent, context_tokens=context_tokens, tokenizer=tokenizer)
        count = min(rows or len(held), len(held))
        # Neighbouring rows may be of one document; spread out, the same number tells more.
        records = np.arange(count) * len(held) // count
        read = held.__getitems__(records.tolist()).astype(np.int32)
        sets.append(HeldoutSet(held.manifest.source, read, bytes_of_token, held.manifest.fingerprint))
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
    standard error is that of a ratio over rows, taken as independent: where long documents fill many rows, it is
    too small.
    """
    nats, sizes = [], []
    batch_size = -(-batch_size // mesh.size) * mesh.size
    for start in range(0, len(held.rows), batch_size):
        part = held.rows[start : start + batch_size]
        # Every call has one shape, so that it compiles once; what is filled up is cut off again.
        filled = np.concatenate([part, np.repeat(part[:1], batch_size - len(part), axis=0)])
        rows = jax.device_put(filled, batch_sharding(mesh))
        is_text = jax.device_put(held.bytes_of_token > 0, NamedSharding(mesh, PartitionSpec()))
        nats.append(jax.device_get(_row_nats(model, rows, is_text, mesh=mesh))[: len(part)])
        sizes.append(held.bytes_of_token[part[:, 1:]].sum(1))
    return _ratio(np.concatenate(nats) / math.log(2), np.concatenate(sizes).astype(np.float64))


@functools.partial(jax.jit, static_argnames="mesh")
def _row_nats(
    model: Transformer, rows: Int[Array, "batch time+1"], is_text: Array, *, mesh: Mesh
) -> Float32[Array, " batch"]:
    losses = token_losses(model, rows, mesh=mesh)
    return jnp.where(is_text[rows[:, 1:]], losses, 0).sum(1)


def _ratio(bits: np.ndarray, sizes: np.ndarray) -> Measurement:
    value = bits.sum(dtype=np.float64) / sizes.sum()
    n = len(bits)
    spread = np.sqrt(np.square(bits - value * sizes).sum() * n / max(n - 1, 1)) / sizes.sum()
    return Measurement(float(value), float(spread), n)


def evaluate_heldout(
    model: Transformer, sets: Sequence[HeldoutSet], *, batch_size: int, mesh: Mesh
) -> dict[str, Measurement]:
    """Bits per byte of each held-out source, by name."""
    return {held.source: bits_per_byte(model, held, batch_size=batch_size, mesh=mesh) for held in sets}
