"""How fast texts are generated: beside a loop that reads all of every text again for each token."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import sentencepiece
from jax.sharding import Mesh
from jaxtyping import Array, Int

from eval.bench.timing import median_seconds
from eval.lm.generation import Prompt, generate
from model.transformer import Transformer

NEW_TOKENS = 64


def figures(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    tokenizer: sentencepiece.SentencePieceProcessor,
    *,
    mesh: Mesh,
    repeats: int = 3,
) -> list[tuple[str, str]]:
    """Rows of what was measured and how much it was: up to `NEW_TOKENS` tokens after each of the prompts.

    `model` is in the form of `model.serving`, and random, so that EOS comes once in a vocabulary.
    """
    asked = [Prompt(list(tokens), NEW_TOKENS, (), 0.0, (0, 0)) for tokens in prompts]
    length = model.config.context_tokens // 2
    kept = [tokens[-(length - NEW_TOKENS) :] for tokens in prompts]
    seconds = median_seconds(
        {
            "cache": lambda: generate(model, asked, tokenizer=tokenizer, mesh=mesh),
            "again": lambda: _read_again(model, kept, length),
        },
        repeats,
    )
    tokens = len(prompts) * NEW_TOKENS
    return [
        (
            f"{len(prompts)} texts of {NEW_TOKENS} new tokens, all read again for each",
            f"{tokens / seconds['again']:,.0f} tokens/s",
        ),
        ("with a cache", f"{tokens / seconds['cache']:,.0f} tokens/s, {seconds['again'] / seconds['cache']:.1f}x"),
    ]


def _read_again(model: Transformer, prompts: Sequence[Sequence[int]], length: int) -> np.ndarray:
    rows, ends = np.zeros((len(prompts), length), np.int32), np.array([len(prompt) for prompt in prompts])
    for row, prompt in enumerate(prompts):
        rows[row, : len(prompt)] = prompt
    for _ in range(NEW_TOKENS):
        rows[range(len(rows)), ends] = _next(model, rows, ends - 1)
        ends += 1
    return rows


@jax.jit
def _next(model: Transformer, rows: Int[Array, "batch length"], last: Int[Array, " batch"]) -> Int[Array, " batch"]:
    hidden = model(rows)
    hidden = jnp.take_along_axis(hidden, last[:, None, None], axis=1)
    return model.logits(hidden)[:, 0].argmax(-1)
