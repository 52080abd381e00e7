"""What a transformer is made of: its sizes, its dtype, and the exact counts that follow from them.

This file imports no JAX, so that a command line that only plans or prints answers at once.
"""

import dataclasses

from model.splash_blocks import LANES

COMPUTE_DTYPES = ("float32", "bfloat16")
REMAT_KEEPS = ("inputs", "attention", "qkv", "products")


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The shape of the decoder-only transformer and how it is computed; parameters are always float32."""

    vocab_size: int
    """Words of the tokenizer; the embedding is tied, so this is also the output size."""
    context_tokens: int
    """The longest row that the model is trained on."""
    width: int
    """Of the residual stream."""
    layers: int
    """Blocks, one after another."""
    heads: int
    """Of the attention; each is width / heads wide."""
    hidden: int
    """Inner width of the SwiGLU."""
    rope_base: float = 10_000.0
    """Base of the rotary wavelengths (Su et al. 2021, section 3.2.2)."""
    dtype: str = "float32"
    """What matrix products and the residual stream are computed in: float32 or bfloat16."""
    remat: bool = False
    """Recompute each block in the backward pass instead of keeping its intermediates."""
    remat_keeps: str = "inputs"
    """What is kept of a block all the same: its inputs alone; or attention's output, too; or queries, keys and values,
    too; or the results of all its large products."""
    loss_chunk_tokens: int = 0
    """Tokens on one device whose logits are held at once; 0 holds all of them."""
    attention_block_tokens: int = 0
    """Most tokens of a block that the kernels of attention on TPUs cut rows into (keys going backward twice as many);
    0 leaves it to them."""
    document_end: int | None = None
    """The token id that ends a document; given, tokens look only at tokens of their own document."""

    def __post_init__(self) -> None:
        for name in ("vocab_size", "context_tokens", "width", "layers", "heads", "hidden"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"`{name}` must be at least 1, got {value}; pass a positive size.")
            # Arrays are indexed by 32 bits in places.
            if value >= 2**31:
                raise ValueError(f"`{name}` must be below 2**31, got {value:,}; look for a zero too many.")
        if self.width % (2 * self.heads):
            raise ValueError(
                f"`width` must be a multiple of 2 * `heads`, so that every head has pairs to "
                f"rotate, got width {self.width} and heads {self.heads}; try a width of "
                f"{2 * self.heads * max(1, round(self.width / (2 * self.heads)))}."
            )
        if self.rope_base <= 1:
            raise ValueError(f"`rope_base` must be above 1, got {self.rope_base}; 10_000.0 is the usual value.")
        if self.dtype not in COMPUTE_DTYPES:
            raise ValueError(
                f"`dtype` must be one of {COMPUTE_DTYPES}, got {self.dtype!r}; parameters stay float32 with either."
            )
        if self.remat_keeps not in REMAT_KEEPS:
            raise ValueError(
                f"`remat_keeps` must be one of {REMAT_KEEPS}, got {self.remat_keeps!r}; 'inputs' holds least."
            )
        if self.document_end is not None and not 0 <= self.document_end < self.vocab_size:
            raise ValueError(
                f"`document_end` must be a token id, 0 to {self.vocab_size - 1}, got {self.document_end}; leave it out "
                "to let tokens look at the whole row before them."
            )
        if self.attention_block_tokens < 0 or self.attention_block_tokens % LANES:
            raise ValueError(
                f"`attention_block_tokens` must be a multiple of {LANES}, got {self.attention_block_tokens}; pass 0 to "
                "leave it to the kernels."
            )
        if self.loss_chunk_tokens < 0:
            raise ValueError(
                f"`loss_chunk_tokens` must not be negative, got {self.loss_chunk_tokens}; "
                "pass 0 to hold all logits at once."
            )

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads

    @property
    def _matrix_parameters(self) -> int:
        block = 4 * self.width**2 + 3 * self.width * self.hidden
        return self.vocab_size * self.width + self.layers * block

    @property
    def parameters(self) -> int:
        """Exact number of parameters; the tied embedding counts once."""
        norms = (self.layers + 1) * self.width
        return self._matrix_parameters + norms

    @property
    def flops_per_token(self) -> int:
        """Matrix-product FLOPs to train on one token of a full context, forward and backward.

        Six for every weight of a matrix (the tied embedding once, for the logits; looking words up
        is free) and 12 * layers * width * context for the scores and the values of attention, the
        causal half counted in full: the count of PaLM (Chowdhery et al. 2022, appendix B), so that
        utilisation compares with published numbers. Recomputation is not counted.
        """
        attention = 12 * self.layers * self.width * self.context_tokens
        return 6 * self._matrix_parameters + attention

    @property
    def causal_flops_per_token(self) -> int:
        """The same with the causal half of attention counted by half: what a step can't do without."""
        return self.flops_per_token - 6 * self.layers * self.width * self.context_tokens


# The two large ones have the sizes of the paper (section 2.3); the two small ones are for CPUs.
SIZES: dict[str, ModelConfig] = {
    "nano": ModelConfig(
        vocab_size=2_048,
        context_tokens=256,
        width=128,
        layers=2,
        heads=2,
        hidden=384,
        loss_chunk_tokens=512,
    ),
    "micro": ModelConfig(
        vocab_size=8_192,
        context_tokens=512,
        width=320,
        layers=6,
        heads=5,
        hidden=864,
        loss_chunk_tokens=512,
    ),
    "470m": ModelConfig(
        vocab_size=256_000,
        context_tokens=8_192,
        width=1_024,
        layers=16,
        heads=8,
        hidden=2_816,
        dtype="bfloat16",
        remat=True,
        remat_keeps="attention",
        loss_chunk_tokens=4_096,
    ),
    "2.8b": ModelConfig(
        vocab_size=256_000,
        context_tokens=8_192,
        width=2_560,
        layers=28,
        heads=20,
        hidden=6_656,
        dtype="bfloat16",
        remat=True,
        remat_keeps="attention",
        loss_chunk_tokens=2_048,
    ),
}
