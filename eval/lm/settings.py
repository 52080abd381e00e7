"""What a generation request asks for, read from lm-eval's keyword arguments."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from mixsched.errors import UsageError, did_you_mean

DEFAULT_LIMIT = 256
LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
HONOURED = ("until", "do_sample", "temperature", *LIMITS)
# Only sampling takes notice of these, and not at the values here.
OF_SAMPLING: dict[str, tuple[Any, ...]] = {
    "top_p": (1, None),
    "top_k": (0, -1, None),
    "min_p": (0, None),
    "typical_p": (1, None),
}
# These leave an answer as it is at the values here.
NEUTRAL: dict[str, tuple[Any, ...]] = {"num_beams": (1,), "repetition_penalty": (1,), "num_return_sequences": (1,)}


@dataclasses.dataclass(frozen=True)
class Settings:
    """Most tokens to generate, the texts that end an answer, and the temperature, 0 for the likeliest token."""

    limit: int
    until: tuple[str, ...]
    temperature: float


def settings_of(asked: Mapping[str, Any], *, temperature: float | None = None) -> Settings:
    """The settings of a request, as lm-eval's `normalize_gen_kwargs` reads them; `temperature` overrides its own.

    Raises UsageError for an argument that is not honoured and would change the answer.
    """
    chosen = float(asked.get("temperature") or 0.0)
    if asked.get("do_sample") is False:
        chosen = 0.0
    if temperature is not None:
        chosen = temperature
    if chosen < 0:
        raise UsageError(f"`temperature` must not be negative, got {chosen}; 0 takes the likeliest token each time")
    for name, value in asked.items():
        harmless = value in NEUTRAL.get(name, ()) or value in OF_SAMPLING.get(name, ())
        if name in HONOURED or harmless or (name in OF_SAMPLING and chosen == 0):
            continue
        raise UsageError(
            f"`{name}` of a task's generation_kwargs is {value!r}, which is not supported and would change answers; "
            f"leave it out; {did_you_mean(name, HONOURED)}"
        )
    limit = next((int(asked[name]) for name in LIMITS if asked.get(name) is not None), DEFAULT_LIMIT)
    if limit < 1:
        raise UsageError(f"`max_gen_toks` must be at least 1, got {limit}; leave it out for {DEFAULT_LIMIT}")
    until = asked.get("until") or []
    texts = [until] if isinstance(until, str) else until
    return Settings(limit, tuple(text for text in texts if text), chosen)
