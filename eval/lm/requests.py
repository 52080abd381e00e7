"""What lm-eval's requests ask of a model."""

from typing import Any

from lm_eval.api.instance import Instance


def arguments_of(request: Instance) -> tuple[Any, ...]:
    """A request's context and its continuation, or one text, or a context and wishes."""
    return request.arguments if isinstance(request.arguments, tuple) else (request.arguments,)
