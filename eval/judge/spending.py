"""What a judge's replies cost, by prices that the user gives: prices change, so none are kept here."""

import dataclasses
from collections.abc import Sequence

from eval.judge.prompt import Reply
from mixsched.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Tokens:
    """Replies and the tokens that the endpoint counted for them; `untold` replies came without a count."""

    replies: int
    tokens_in: int
    tokens_out: int
    untold: int


@dataclasses.dataclass(frozen=True)
class Spent:
    """What the judgements took, once and for all, and what of that was asked by this command."""

    all: Tokens
    new: Tokens


@dataclasses.dataclass(frozen=True)
class Prices:
    """Of a million tokens, in any currency; None if not given."""

    price_in: float | None
    price_out: float | None

    def __post_init__(self):
        for name, price in (("in", self.price_in), ("out", self.price_out)):
            if price is not None and not 0 <= price < float("inf"):
                raise UsageError(f"`--price-{name}` must be 0 or more, of a million tokens, got {price}")
        if (self.price_in is None) != (self.price_out is None):
            raise UsageError("`--price-in` and `--price-out` belong together; give both, or neither")


def counted(replies: Sequence[Reply]) -> Tokens:
    """The tokens of some replies."""
    return Tokens(
        len(replies),
        sum(reply.tokens_in or 0 for reply in replies),
        sum(reply.tokens_out or 0 for reply in replies),
        sum(reply.tokens_in is None or reply.tokens_out is None for reply in replies),
    )


def cost(tokens: Tokens, prices: Prices) -> float | None:
    """What tokens cost; None without prices."""
    if prices.price_in is None or prices.price_out is None:
        return None
    return (tokens.tokens_in * prices.price_in + tokens.tokens_out * prices.price_out) / 1_000_000


def spent_text(spent: Spent, prices: Prices) -> str:
    """Questions, tokens and cost, of all judgements and of what was asked now."""
    whole, new = spent.all, spent.new
    known = whole.replies - new.replies
    text = (
        f"  {whole.replies:,} replies ({new.replies:,} new, {known:,} from the cache): "
        f"{whole.tokens_in:,} tokens in, {whole.tokens_out:,} out"
    )
    paid, paid_now = cost(whole, prices), cost(new, prices)
    if paid is not None and paid_now is not None:
        text += f"\n  cost {paid:,.4f}, of which now {paid_now:,.4f}"
    return text + (f"\n  {whole.untold:,} replies came without a count of tokens" if whole.untold else "")
