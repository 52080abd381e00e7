"""Generates texts for many prompts: batches of few shapes, sampled the same however they are batched."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import sentencepiece
from jax.sharding import Mesh

from model.generate import MOST_STEPS, Draws, go_on, start
from model.sharding import batch_sharding
from model.transformer import Transformer

# Of the cache on one device: 4.7 GB at 2.8 billion parameters.
SLOTS_A_DEVICE = 16_384
SHORTEST = 64
RUNG = 4


@dataclasses.dataclass(frozen=True)
class Prompt:
    """Tokens to go on from, and how: up to `limit` tokens, or EOS, or the first of the texts `until`.

    - `temperature`: 0 takes the likeliest token each time.
    - `key`: two words that, with a token's number, settle all its randomness (`sampling_key`).
    """

    tokens: list[int]
    limit: int
    until: tuple[str, ...]
    temperature: float
    key: tuple[int, int]


def sampling_key(context: str, *, seed: int, repeat: int) -> tuple[int, int]:
    """The key for the `repeat`-th sample after a text: the same whatever else is asked, and in whatever order."""
    digest = hashlib.sha256(context.encode()).digest()
    words = np.random.SeedSequence([seed, repeat, *np.frombuffer(digest, np.uint32).tolist()]).generate_state(2)
    return int(words[0]), int(words[1])


def fit(tokens: list[int], limit: int, *, context_tokens: int) -> tuple[list[int], int]:
    """The end of a prompt, and how many tokens there is room to generate: prompt and answer fit the context.

    The prompt gives way on its left, as with lm-eval's Hugging Face models, but not past half of the context, which is
    where an answer of more tokens than the other half (HumanEval's 1,024 in a context of 256) ends early.
    """
    kept = tokens[-max(context_tokens - limit, context_tokens // 2, 1) :]
    return kept, min(limit, context_tokens - len(kept))


def generate(
    model: Transformer,
    prompts: Sequence[Prompt],
    *,
    tokenizer: sentencepiece.SentencePieceProcessor,
    mesh: Mesh,
    told: Callable[[int, int], None] | None = None,
) -> tuple[list[str], set[tuple[int, int, int]]]:
    """The text generated for every prompt, and the shapes (rows, tokens of a prompt, slots) that were compiled.

    The model is whole on every device (`model.serving`); prompts fit its context together with their limits (`fit`).
    """
    texts = [""] * len(prompts)
    shapes: set[tuple[int, int, int]] = set()
    done = 0
    for chosen, shape in _batches(prompts, context_tokens=model.config.context_tokens, devices=mesh.size):
        shapes.add(shape)
        batch = [prompts[number] for number in chosen]
        for number, text in zip(chosen, _generate_batch(model, batch, shape, tokenizer, mesh), strict=True):
            texts[number] = text
        done += len(chosen)
        if told:
            told(done, len(prompts))
    return texts, shapes


def _rung(tokens: int, context_tokens: int) -> int:
    rung = SHORTEST
    while rung < tokens:
        rung *= RUNG
    return max(tokens, min(rung, context_tokens))


def _batches(
    prompts: Sequence[Prompt], *, context_tokens: int, devices: int
) -> Iterator[tuple[list[int], tuple[int, int, int]]]:
    """Prompts of like length together, and the shape (rows, tokens of a prompt, slots) that holds them."""

    def shape(number: int) -> tuple[int, int]:
        prompt = prompts[number]
        slots = _rung(len(prompt.tokens) + prompt.limit, context_tokens)
        return slots, _rung(len(prompt.tokens), context_tokens)

    alike: dict[tuple[int, int], list[int]] = {}
    for number in range(len(prompts)):
        alike.setdefault(shape(number), []).append(number)
    for (slots, time), numbers in sorted(alike.items()):
        rows_a_device = 1
        while rows_a_device * devices < len(numbers) and rows_a_device * RUNG * slots <= SLOTS_A_DEVICE:
            rows_a_device *= RUNG
        rows = rows_a_device * devices
        # Answers of like limits end together.
        numbers.sort(key=lambda number: (prompts[number].limit, len(prompts[number].tokens)))
        for begin in range(0, len(numbers), rows):
            yield numbers[begin : begin + rows], (rows, time, slots)


def _generate_batch(
    model: Transformer,
    batch: Sequence[Prompt],
    shape: tuple[int, int, int],
    tokenizer: sentencepiece.SentencePieceProcessor,
    mesh: Mesh,
) -> list[str]:
    rows, time, slots = shape
    eos = tokenizer.eos_id()
    tokens, lengths = np.full((rows, time), eos, np.int32), np.ones(rows, np.int32)
    key, temperature = np.zeros((rows, 2), np.uint32), np.zeros(rows, np.float32)
    # Rows of padding have nothing to draw, and are done at once.
    limit = np.ones(rows, np.int32)
    for row, prompt in enumerate(batch):
        tokens[row, : len(prompt.tokens)] = prompt.tokens
        lengths[row], limit[row] = len(prompt.tokens), prompt.limit
        key[row], temperature[row] = prompt.key, prompt.temperature
    split = batch_sharding(mesh)
    tokens, lengths, draws = jax.device_put((tokens, lengths, Draws(key, temperature, limit)), split)  # pyright: ignore[reportArgumentType]
    decoding = start(model, tokens, lengths, draws, slots=slots, eos=eos, mesh=mesh)
    answers = [_Answer(prompt, tokenizer) for prompt in batch]
    new, steps = np.asarray(decoding.token)[:, None], 8
    while True:
        for answer, row in zip(answers, new.tolist(), strict=False):
            answer.take(row)
        if all(answer.done for answer in answers):
            return [answer.text for answer in answers]
        done = np.ones(rows, bool)
        done[: len(answers)] = [answer.done for answer in answers]
        decoding = decoding._replace(done=jax.device_put(done, split))
        # Short answers are noticed soon, and long ones seldom interrupted.
        decoding, drawn = go_on(model, decoding, draws, jnp.int32(steps), eos=eos, mesh=mesh)
        new, steps = np.asarray(drawn)[:, :steps], min(2 * steps, MOST_STEPS)


class _Answer:
    """What one row has generated so far."""

    def __init__(self, prompt: Prompt, tokenizer: sentencepiece.SentencePieceProcessor) -> None:
        self.text, self.done = "", False
        self._prompt, self._tokenizer, self._tokens = prompt, tokenizer, []
        # A tokenizer may drop the space that a text begins with: something stands before ours, and is cut off.
        self._anchor = tokenizer.encode("a")
        self._cut = len(tokenizer.decode(self._anchor))

    def take(self, tokens: list[int]) -> None:
        """Add tokens up to EOS, the limit, or a text that ends it."""
        if self.done:
            return
        for token in tokens[: self._prompt.limit - len(self._tokens)]:
            if token == self._tokenizer.eos_id():
                self.done = True
                break
            self._tokens.append(token)
        text = self._tokenizer.decode([*self._anchor, *self._tokens])[self._cut :]
        ends = [text.find(until) for until in self._prompt.until if until in text]
        self.text = text[: min(ends, default=len(text))]
        self.done |= bool(ends) or len(self._tokens) == self._prompt.limit
