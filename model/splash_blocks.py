"""The blocks that splash attention cuts queries and keys into: what they must be, and which a row is given."""

import dataclasses

# What the kernel's products and masks are made of: the lanes of a TPU's vector register.
LANES = 128


@dataclasses.dataclass(frozen=True)
class SplashBlocks:
    """Sizes in tokens of the blocks of the three kernels of splash attention (Dao 2023 on TPUs).

    One step of a kernel's grid meets a block of queries with a block of keys and values; where the causal mask hides
    all of a block, the step does nothing. `model.attention_cost` says what blocks cost.
    """

    q: int
    """Queries of the forward kernel."""
    kv: int
    """Keys and values that a step of it fetches."""
    kv_compute: int
    """Of these, those whose scores are held at once."""
    q_dkv: int
    """Queries of the backward kernel for keys and values."""
    kv_dkv: int
    kv_dkv_compute: int
    q_dq: int = 0
    """Queries of the backward kernel for queries; 0 has the other one do its work, which then adds up in memory."""
    kv_dq: int = 0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            size = getattr(self, field.name)
            if size % LANES or size < (0 if field.name.endswith("_dq") else LANES):
                raise ValueError(f"`{field.name}` must be a multiple of {LANES} above 0, got {size}.")
        for whole, part in (("kv", "kv_compute"), ("kv_dkv", "kv_dkv_compute")):
            sizes = getattr(self, whole), getattr(self, part)
            if sizes[0] % sizes[1]:
                raise ValueError(f"`{whole}` must be a multiple of `{part}`, got {sizes[0]} and {sizes[1]}.")
        if (self.q_dq == 0) != (self.kv_dq == 0):
            raise ValueError(
                f"`q_dq` and `kv_dq` must both be given, or both be 0 for one backward kernel, got {self.q_dq} and "
                f"{self.kv_dq}."
            )

    @property
    def fused_backward(self) -> bool:
        """Whether one backward kernel makes the gradients of queries, keys and values."""
        return self.q_dq == 0


def splash_blocks(time: int, head_width: int, *, largest: int = 0) -> SplashBlocks:
    """The blocks for rows of `time` tokens with heads of that width, at most of `largest` tokens and dividing the rows.

    - `largest`: 0 is `default_block`. The keys of the backward kernel have blocks twice as long.

    Raises `ValueError` for a time that is no multiple of `LANES`.
    """
    if time % LANES:
        raise ValueError(
            f"splash attention needs a `time` that is a multiple of {LANES}, got {time}; pad the rows, or pass "
            "`implementation='xla'`."
        )
    largest = largest or default_block(head_width)
    block = _largest(largest, time)
    compute = _largest(512, block)
    # The one backward kernel leaves a part of the queries' gradient for every block of keys, which are added up behind
    # it: with blocks twice as long that takes half the time, and the kernel a ninth more at 8,192 tokens.
    keys = _largest(2 * largest, time)
    return SplashBlocks(
        q=block, kv=block, kv_compute=compute, q_dkv=block, kv_dkv=keys, kv_dkv_compute=_largest(512, keys)
    )


def default_block(head_width: int) -> int:
    """The tokens of a block that are predicted to be fast and fit a TPU v5e's fast memory."""
    return 1_024 if head_width <= LANES else 512


def _largest(most: int, whole: int) -> int:
    return max(size for size in range(LANES, most + 1, LANES) if whole % size == 0)
