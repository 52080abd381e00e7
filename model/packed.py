"""Rows that hold several texts: where every token stands in its own, and which tokens it may look at."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int


class Layout(NamedTuple):
    """The place of every token of packed rows.

    An item is a text, or a tree of texts: a common beginning, branch 0, that several endings go on from, branches
    1, 2, ... The beginning is then computed once for all of them. With every branch 0 the items are the documents of a
    row, and none looks into another.

    - `position`: from 0 at the beginning of the item, going on from branch 0 in every other branch. Rows may be longer
        than the context, positions may not.
    - `item`: what belongs together, by any number that no other item of the row has.
    - `branch`: of the item.
    """

    position: Int[Array, "batch time"]
    item: Int[Array, "batch time"]
    branch: Int[Array, "batch time"]


def visible(queries: Layout, keys: Layout) -> Bool[Array, "batch time keys"]:
    """Whether a query looks at a key: one of its item, not after it, in the common beginning or its own branch."""
    one_item = queries.item[:, :, None] == keys.item[:, None]
    one_branch = queries.branch[:, :, None] == keys.branch[:, None]
    past = queries.position[:, :, None] >= keys.position[:, None]
    return one_item & (one_branch | (keys.branch == 0)[:, None]) & past


def number_documents(tokens: Int[Array, "batch time"], document_end: int) -> Int[Array, "batch time"]:
    """The number of each token's document in its row, from 0, ascending.

    The token `document_end` that ends a document belongs to the next one, as its beginning: it is what a model is
    given before the first token of a text, in training, on held-out documents and in every prompt.
    """
    return jnp.cumsum(tokens == document_end, axis=1)
