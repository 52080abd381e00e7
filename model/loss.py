"""Next-token cross-entropy that never holds all logits, and its share of each source."""

import functools

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Bool, Float, Float32, Int

from model.sharding import gradient_on_each_device, on_each_device, on_one_cpu
from model.transformer import Transformer, score


def token_losses(
    model: Transformer, rows: Int[Array, "batch length"], *, mesh: Mesh | None = None
) -> Float32[Array, "batch length-1"]:
    """The loss of every token but the first of each row, in nats.

    With `loss_chunk_tokens` in the model's config, hidden states meet the vocabulary a few tokens at a time, again so
    in the backward pass, so that a device never holds the logits of more tokens than that. Its tokens are cut by the
    largest divisor of their number that fits.

    - `mesh`: the devices that the rows are split over, if they are.
    """
    hidden = model(rows[:, :-1], mesh=mesh)
    return _losses(model.embedding, hidden, rows[:, 1:], model.config.loss_chunk_tokens, mesh)


def mean_loss(
    model: Transformer, rows: Int[Array, "batch length"], *, mesh: Mesh | None = None
) -> tuple[Float32[Array, ""], Float32[Array, "batch length-1"]]:
    """The mean of `token_losses`, to descend on, and the losses themselves, which pass no gradient on.

    In a mean every token counts alike, so that a token's gradient is known as soon as its logits are: those are
    computed once, where going backward from `token_losses` computes them again.
    """
    hidden = model(rows[:, :-1], mesh=mesh)
    with jax.named_scope("loss"):
        return _mean(model.embedding, hidden, rows[:, 1:], model.config.loss_chunk_tokens, mesh)


def _losses(
    embedding: Float32[Array, "vocab width"],
    hidden: Float[Array, "batch time width"],
    targets: Int[Array, "batch time"],
    chunk_tokens: int,
    mesh: Mesh | None,
) -> Float32[Array, "batch time"]:
    def of_device(words: Array, hidden: Array, targets: Array) -> Array:
        # The words from around it, and not carried along, where every chunk would keep them for its gradient.
        @jax.checkpoint
        def one_chunk(chunk: tuple[Array, Array]) -> Array:
            return _cross_entropy(score(words, chunk[0]), chunk[1])

        return jax.lax.map(one_chunk, cut(hidden, targets, chunk_tokens=chunk_tokens)).reshape(targets.shape)

    return on_each_device(of_device, embedding, hidden, targets, mesh=mesh, dtype=hidden.dtype)


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _mean(
    embedding: Float32[Array, "vocab width"],
    hidden: Float[Array, "batch time width"],
    targets: Int[Array, "batch time"],
    chunk_tokens: int,
    mesh: Mesh | None,
) -> tuple[Float32[Array, ""], Float32[Array, "batch time"]]:
    losses = _losses(embedding, hidden, targets, chunk_tokens, mesh)
    return losses.mean(), losses


def _mean_forward(
    embedding: Array, hidden: Array, targets: Array, chunk_tokens: int, mesh: Mesh | None
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    def of_device(words: Array, hidden: Array, targets: Array) -> tuple[tuple[Array, Array], Array]:
        losses, to_hidden, to_words = _with_gradients(words, hidden, targets, chunk_tokens, on_one_cpu(mesh))
        return (losses.reshape(targets.shape), to_hidden.reshape(hidden.shape)), to_words

    (losses, to_hidden), to_embedding = gradient_on_each_device(
        of_device, embedding, hidden, targets, mesh=mesh, dtype=hidden.dtype
    )
    return (losses.mean(), losses), (to_embedding, to_hidden)


def _with_gradients(
    words: Float[Array, "vocab width"],
    hidden: Float[Array, "batch time width"],
    targets: Int[Array, "batch time"],
    chunk_tokens: int,
    width_first: bool,
) -> tuple[Float32[Array, "chunks tokens"], Float[Array, "chunks tokens width"], Float32[Array, "vocab width"]]:
    """Every token's loss, and the gradients of their sum.

    The gradient of a logit is its word's probability, less 1 for the target. Here the weights of all words but the
    target, exp(logit - largest logit), are what the large products take, in their dtype; what makes them probabilities
    is a factor for each token, on the small side of a product. So exp, which costs as much as a product, is computed
    once. The target's own gradient, whose two terms nearly cancel for a token that is foreseen, keeps float32.

    - `width_first`: the words' gradient is added up transposed, as CPUs make it in half the time.
    """
    float32 = jnp.float32
    to_words_of = "tv,tw->wv" if width_first else "tv,tw->vw"

    def one_chunk(to_words: Array, chunk: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array, Array]]:
        hidden, targets = chunk
        logits = score(words, hidden)
        top = logits.max(-1)
        hit = _hits(logits, targets)
        target = jnp.where(hit, logits, 0).sum(-1)
        weights = jnp.where(hit, 0, jnp.exp(logits - top[:, None]))
        target_weight = jnp.exp(target - top)
        total = weights.sum(-1) + target_weight
        # Without the barrier XLA computes exp anew in each product, to save what it takes to write and read it.
        weights, total = jax.lax.optimization_barrier((weights.astype(hidden.dtype), total))
        to_target = target_weight / total - 1
        to_hidden = jnp.einsum("tv,vw->tw", weights, words, preferred_element_type=float32) / total[:, None]
        to_hidden += to_target[:, None] * words[targets]
        shares = (hidden / total[:, None]).astype(hidden.dtype)
        to_words += jnp.einsum(to_words_of, weights, shares, preferred_element_type=float32)
        return to_words, (top + jnp.log(total) - target, to_hidden.astype(hidden.dtype), to_target)

    cut_hidden, cut_targets = cut(hidden, targets, chunk_tokens=chunk_tokens)
    # Of the device's own tokens, as the gradient is, and not of the words, which all devices share.
    nothing = jnp.zeros(words.T.shape if width_first else words.shape, float32)
    nothing += 0 * cut_hidden[0, 0, 0].astype(float32)
    to_words, (losses, to_hidden, to_target) = jax.lax.scan(one_chunk, nothing, (cut_hidden, cut_targets))
    to_words = to_words.T if width_first else to_words
    to_words = to_words.at[cut_targets.ravel()].add(to_target.reshape(-1, 1) * hidden.reshape(-1, hidden.shape[-1]))
    return losses, to_hidden, to_words


def _mean_backward(
    chunk_tokens: int, mesh: Mesh | None, summed: tuple[Array, Array], wanted: tuple[Array, Array]
) -> tuple[Array, Array, None]:
    to_embedding, to_hidden = summed
    of_each = wanted[0] / wanted[1].size
    return of_each * to_embedding, (of_each * to_hidden).astype(to_hidden.dtype), None


_mean.defvjp(_mean_forward, _mean_backward)


def cut(
    hidden: Float[Array, "batch time width"], targets: Int[Array, "batch time"], *, chunk_tokens: int
) -> tuple[Float[Array, "chunks tokens width"], Int[Array, "chunks tokens"]]:
    """Tokens of all rows in chunks of equal size, at most `chunk_tokens` each (0: one chunk)."""
    most = min(targets.size, chunk_tokens or targets.size)
    tokens = max(count for count in range(1, most + 1) if targets.size % count == 0)
    return hidden.reshape(-1, tokens, hidden.shape[-1]), targets.reshape(-1, tokens)


def _cross_entropy(logits: Float32[Array, "tokens vocab"], targets: Int[Array, " tokens"]) -> Float32[Array, " tokens"]:
    return jax.nn.logsumexp(logits, axis=-1) - jnp.where(_hits(logits, targets), logits, 0).sum(-1)


def _hits(logits: Float32[Array, "tokens vocab"], targets: Int[Array, " tokens"]) -> Bool[Array, "tokens vocab"]:
    # A comparison that XLA fuses, where indexing would scatter into the gradient of the logits.
    return jax.lax.broadcasted_iota(targets.dtype, logits.shape, 1) == targets[:, None]


def source_losses(
    token_loss: Float32[Array, "batch time"], source: Int[Array, " batch"], sources: int
) -> tuple[Float32[Array, " sources"], Int[Array, " sources"]]:
    """The loss of each source's tokens added up, in nats, and how many tokens those are.

    `source` numbers the source of each row from 0; a row with a number outside 0..sources-1 counts
    nowhere. A source without rows has loss 0 of 0 tokens.
    """
    belongs = source[:, None] == jnp.arange(sources, dtype=source.dtype)[None]
    loss_sum = jnp.where(belongs, token_loss.sum(1)[:, None], 0).sum(0)
    return loss_sum, belongs.sum(0) * token_loss.shape[1]
