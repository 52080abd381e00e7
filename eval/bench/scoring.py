"""How fast choices are scored: beside a loop over single requests, and beside the bare forward pass."""

from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import numpy as np
from jax.sharding import Mesh

import mixsched
from eval.bench.timing import median_seconds
from eval.lm.packing import Batch, fill
from eval.lm.scoring import batches, score_batch, score_texts
from eval.lm.trees import Text, Tree
from mixsched.shards import tokenizer_fingerprint
from model.loss import token_losses
from model.sharding import batch_sharding
from model.transformer import Transformer

CHOICES = 4
# A loop over single requests pads each to one of these, as any loop must that is not to compile at every length.
LENGTHS_ALONE = (32, 64, 128, 256)


def choice_texts(shards: Path, *, items: int, context_tokens: int, eos: int) -> list[Text]:
    """`items` questions out of held-out text, each with four choices: EOS, 20 to 120 tokens, and 3 to 20 more to score.

    One choice of a question goes on as the text did, the others as other texts do.
    """
    held = mixsched.open_rows(
        shards / "text" / "heldout", context_tokens=context_tokens, tokenizer=tokenizer_fingerprint(shards)
    )
    rows = held.__getitems__(list(range(min(items, len(held)))))
    random = np.random.default_rng(0)
    texts = []
    for item in range(items):
        asked = random.integers(20, 121)
        begin = random.integers(0, context_tokens - asked - 20)
        question = [eos, *rows[item % len(rows), begin : begin + asked].tolist()]
        for choice in range(CHOICES):
            scored = random.integers(3, 21)
            end = rows[(item + choice) % len(rows), begin + asked : begin + asked + scored].tolist()
            texts.append(Text(question + end, len(end)))
    return texts


def figures(model: Transformer, texts: Sequence[Text], *, mesh: Mesh, repeats: int = 3) -> list[tuple[str, str]]:
    """Rows of what was measured and how much it was: medians of `repeats` rounds, in turns, all compiled before.

    `model` is in the form of `model.serving`. Tokens are those of requests and not padding: what a model reads that
    scores each request by itself, and what ours reads of them.
    """
    packed = list(batches(texts, context_tokens=model.config.context_tokens, devices=mesh.size))
    ways: dict[str, Callable[[], object]] = {
        "alone": lambda: _one_by_one(model, texts),
        "ours": lambda: score_texts(model, texts, mesh=mesh),
        "unshared": lambda: score_texts(model, texts, mesh=mesh, share=False),
        "bare": lambda: jax.block_until_ready(_forward(model, packed, mesh)),
    }
    seconds = median_seconds(ways, repeats)
    read = sum(int((batch.item >= 0).sum()) for batch in packed)
    room = sum(batch.item.size for batch in packed)
    asked = sum(len(text.tokens) - 1 for text in texts)
    scored = sum(text.scored for text in texts)

    def row(way: str, tokens: int) -> str:
        return (
            f"{len(texts) / seconds[way]:8,.0f} requests/s {tokens / seconds[way]:9,.0f} tokens/s "
            f"{seconds['alone'] / seconds[way]:5.1f}x"
        )

    return [
        (f"{len(texts):,} requests of {asked:,} tokens, {scored:,} scored: one at a time", row("alone", asked)),
        ("packed into rows", row("unshared", asked)),
        ("packed, beginnings shared", row("ours", read)),
        (f"forward pass and loss alone, at the same shapes ({len(packed)} batches)", row("bare", room)),
        (
            "tokens/s of ours over those of the forward pass alone",
            f"{read / seconds['ours'] / (room / seconds['bare']):.0%}",
        ),
        ("time of the forward pass alone over ours", f"{seconds['bare'] / seconds['ours']:.0%}"),
    ]


def _one_by_one(model: Transformer, texts: Sequence[Text]) -> list[float]:
    mesh = Mesh(np.array(jax.devices()[:1]), ("data",))
    found = []
    for text in texts:
        size = len(text.tokens) - 1
        length = next(length for length in LENGTHS_ALONE if size <= length)
        batch = fill([text], [[Tree(0, [0], size)]], shape=(1, length), devices=1)
        nats, _ = score_batch(model, batch, mesh=mesh)
        found.append(float(np.asarray(nats)[0, : text.scored].sum()))
    return found


def _forward(model: Transformer, packed: Sequence[Batch], mesh: Mesh) -> list[jax.Array]:
    losses = jax.jit(token_losses)
    # A row of losses takes one token more.
    rows = [np.pad(batch.tokens, ((0, 0), (0, 1))) for batch in packed]
    return [losses(model, jax.device_put(each, batch_sharding(mesh))) for each in rows]
