"""The chat endpoint that judges are asked at, its key, and how it is asked."""

import dataclasses
from collections.abc import Mapping
from urllib.parse import urlsplit

from mixsched.errors import UsageError

OPENAI = "https://api.openai.com/v1"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where judges are asked; the key is shown nowhere."""

    base_url: str
    key: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long to go on with a question that gets no answer: seconds, growing twofold from try to try."""

    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    give_up_after_s: float = 600.0
    """Since the question's first failure; a server that asks to wait longer than is left ends it at once."""
    timeout_s: float = 120.0
    """Of one request."""


@dataclasses.dataclass(frozen=True)
class Manner:
    """How an endpoint is asked: requests on their way at once, tokens of a reply at most, and for how long."""

    concurrency: int = 8
    max_tokens: int = 512
    patience: Patience = Patience()


def find_endpoint(base_url: str | None, environment: Mapping[str, str]) -> Endpoint:
    """The endpoint of `--base-url`, else of OPENAI_BASE_URL, else OpenAI's, with the key in OPENAI_API_KEY.

    A server on this machine needs no key. Raises UsageError if an address is none, or a key is missing.
    """
    url = (base_url or environment.get("OPENAI_BASE_URL") or OPENAI).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"`--base-url` must be an address such as {OPENAI} or http://localhost:8000/v1, got {url!r}")
    if parts.username or parts.password or parts.query:
        # It is kept with every judgement.
        raise UsageError("`--base-url` may hold no key or password; put the key into the environment: OPENAI_API_KEY")
    key = environment.get("OPENAI_API_KEY", "")
    if not key and parts.hostname not in LOCAL_HOSTS:
        raise UsageError(
            f"a judge at {url} needs a key; put it into the environment: export OPENAI_API_KEY=..., or judge without "
            "an LLM by `--judge likelihood:RUN`"
        )
    return Endpoint(url, key or "none")
