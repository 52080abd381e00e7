"""Log-likelihoods of many texts at once: packed rows, of which only what is scored meets the vocabulary."""

import collections
import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float, Int

from eval.lm.packing import Batch, fill, pack, row_lengths
from eval.lm.trees import Text, grow_trees
from model.packed import Layout
from model.sharding import ROWS, batch_sharding
from model.transformer import Transformer, score

# Tokens of a batch on one device: enough to fill it, and little lost on a last batch that is not full.
TOKENS_A_DEVICE = 4_096
# Predictions whose logits are held at once: half a gigabyte of float32 for 256,000 words.
CHUNK = 512


@dataclasses.dataclass(frozen=True)
class Likelihood:
    """Of a text's scored tokens: their log-probability in nats, and whether none had a likelier word in its place."""

    nats: float
    greedy: bool


def batches(texts: Sequence[Text], *, context_tokens: int, devices: int, share: bool = True) -> Iterator[Batch]:
    """The texts packed into batches, of at most as many shapes as `row_lengths` has, always in the same order."""
    lengths = row_lengths(context_tokens)
    trees = grow_trees(texts, largest=lengths[-1], share=share)
    rows = pack([tree.size for tree in trees], lengths)
    for length in lengths:
        rows_a_batch = devices * max(1, TOKENS_A_DEVICE // length)
        alike = [[trees[number] for number in row.members] for row in rows if row.length == length]
        for start in range(0, len(alike), rows_a_batch):
            yield fill(texts, alike[start : start + rows_a_batch], shape=(rows_a_batch, length), devices=devices)


def score_texts(
    model: Transformer,
    texts: Sequence[Text],
    *,
    mesh: Mesh,
    told: Callable[[int, int], None] | None = None,
    share: bool = True,
) -> tuple[list[Likelihood], set[tuple[int, int]]]:
    """The likelihood of every text, and the shapes of the batches, each of which is compiled once a process.

    The model is whole on every device (`model.serving`); texts are no longer than its context and one token. `told`
    hears how many texts are scored, of how many.
    """
    found = [Likelihood(0.0, True)] * len(texts)
    shapes: set[tuple[int, int]] = set()
    done = sum(not text.scored for text in texts)
    waiting: collections.deque[tuple[Batch, tuple[Array, Array]]] = collections.deque()

    def take() -> int:
        batch, results = waiting.popleft()
        nats, greedy = (np.asarray(result).reshape(-1) for result in jax.device_get(results))
        for span in batch.spans:
            own = slice(span.start, span.stop)
            found[span.text] = Likelihood(float(nats[own].sum(dtype=np.float64)), bool(greedy[own].all()))
        return len(batch.spans)

    for batch in batches(texts, context_tokens=model.config.context_tokens, devices=mesh.size, share=share):
        shapes.add(batch.tokens.shape)
        waiting.append((batch, score_batch(model, batch, mesh=mesh)))
        # One batch is packed while the devices work on the one before.
        if len(waiting) > 1:
            done += take()
            if told:
                told(done, len(texts))
    while waiting:
        done += take()
        if told:
            told(done, len(texts))
    return found, shapes


def score_batch(model: Transformer, batch: Batch, *, mesh: Mesh) -> tuple[Array, Array]:
    """Log-probability in nats of every target of a batch, and whether no word is likelier: both like `batch.target`."""
    arrays = (batch.tokens, batch.position, batch.item, batch.branch, batch.place, batch.target, batch.count)
    tokens, position, item, branch, place, target, count = jax.device_put(arrays, batch_sharding(mesh))
    return _score(model, tokens, Layout(position, item, branch), place, target, count, mesh=mesh)


@functools.partial(jax.jit, static_argnames="mesh")
def _score(
    model: Transformer,
    tokens: Int[Array, "rows length"],
    layout: Layout,
    place: Int[Array, "rows length"],
    target: Int[Array, "rows length"],
    count: Int[Array, " devices"],
    *,
    mesh: Mesh,
) -> tuple[Array, Array]:
    rows = PartitionSpec(ROWS)
    in_specs = (PartitionSpec(), rows, rows, rows, rows, rows)
    # Nothing is exchanged between devices, and each ends its own loop: what varies over the mesh need not be told.
    split = jax.shard_map(_score_on_one, mesh=mesh, in_specs=in_specs, out_specs=(rows, rows), check_vma=False)
    return split(model, tokens, layout, place, target, count)


def _score_on_one(
    model: Transformer, tokens: Array, layout: Layout, place: Array, target: Array, count: Array
) -> tuple[Array, Array]:
    hidden = model(tokens, layout=layout)
    hidden, place, flat_target = hidden.reshape(-1, hidden.shape[-1]), place.reshape(-1), target.reshape(-1)
    chunk = math.gcd(CHUNK, place.size)

    def one_chunk(number: Array, found: tuple[Array, Array]) -> tuple[Array, Array]:
        start = number * chunk
        own = functools.partial(jax.lax.dynamic_slice_in_dim, start_index=start, slice_size=chunk)
        results = _predict(model.embedding, hidden[own(place)], own(flat_target))
        return tuple(jax.lax.dynamic_update_slice_in_dim(*pair, start, 0) for pair in zip(found, results, strict=True))  # pyright: ignore[reportReturnType]

    # As many turns as there are predictions, and not as there is room for.
    empty = jnp.zeros(place.shape, jnp.float32), jnp.zeros(place.shape, bool)
    nats, greedy = jax.lax.fori_loop(0, (count[0] + chunk - 1) // chunk, one_chunk, empty)
    return nats.reshape(target.shape), greedy.reshape(target.shape)


def _predict(
    embedding: Float[Array, "vocab width"], hidden: Float[Array, "places width"], target: Int[Array, " places"]
) -> tuple[Float[Array, " places"], Array]:
    logits = score(embedding, hidden[None])[0]
    of_target = jnp.take_along_axis(logits, target[:, None], axis=1)[:, 0]
    # Against the largest: an argmax takes CPUs as long as the product.
    return of_target - jax.nn.logsumexp(logits, axis=-1), of_target == logits.max(axis=-1)
