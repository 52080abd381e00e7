"""Asks one question of a chat-completions endpoint, again and again while that can help."""

import asyncio
import json
import random
import time
from typing import Any

import openai

from eval.judge.endpoint import Endpoint, Patience
from eval.judge.failures import (
    UnansweredError,
    asked_to_wait_s,
    on_one_line,
    raise_if_hopeless,
    said_of,
    without_key,
)
from eval.judge.prompt import Question, Reply
from mixsched.errors import UsageError
from mixsched.fields import is_whole
from mixsched.typed import MOST


def open_client(endpoint: Endpoint, patience: Patience) -> openai.AsyncOpenAI:
    """A client for an `async with` block; it never tries again by itself."""
    return openai.AsyncOpenAI(
        base_url=endpoint.base_url, api_key=endpoint.key, max_retries=0, timeout=patience.timeout_s
    )


async def ask(client: openai.AsyncOpenAI, question: Question, patience: Patience) -> Reply:
    """The reply to a question, tried again after rate limits, faults of the server, timeouts and lost connections.

    Waits are random, doubled from try to try, and never shorter than the server asks for (Retry-After). Raises
    RefusedError if the endpoint will not answer this question, UnansweredError when patience ends, and UsageError at
    once for what no waiting mends: a wrong key, model or address.
    """
    failed_first: float | None = None
    longest_s = patience.first_wait_s
    while True:
        try:
            return await _ask_once(client, question)
        except openai.APIError as error:
            raise_if_hopeless(error, question)
            failed_first = failed_first or time.monotonic()
            # Unseeded on purpose: clients that were refused together should not come back together.
            wait_s = max(longest_s * random.uniform(0.5, 1), asked_to_wait_s(error))
            longest_s = min(2 * longest_s, patience.longest_wait_s)
            if time.monotonic() + wait_s > failed_first + patience.give_up_after_s:
                raise UnansweredError(said_of(error)) from error
            await asyncio.sleep(wait_s)


async def _ask_once(client: openai.AsyncOpenAI, question: Question) -> Reply:
    raw = await client.chat.completions.with_raw_response.create(
        model=question.model,
        messages=[{"role": "system", "content": question.system}, {"role": "user", "content": question.user}],
        temperature=question.temperature,
        max_tokens=question.max_tokens,
    )
    try:
        # Read here and not by the package, which takes whatever comes for a completion.
        body = json.loads(raw.content)
        choice = body["choices"][0]
        text = choice["message"].get("content") or choice["message"].get("refusal") or ""
        usage = body.get("usage") or {}
        if not isinstance(text, str):
            raise TypeError("its content is no text")
        return Reply(
            without_key(text, client.api_key),
            finish=without_key(str(choice.get("finish_reason")), client.api_key),
            tokens_in=_count(usage.get("prompt_tokens")),
            tokens_out=_count(usage.get("completion_tokens")),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        said = without_key(raw.content.decode(errors="replace"), client.api_key)
        raise UsageError(
            f"{question.endpoint} answered with something that is no chat completion: "
            f"{on_one_line(said)!r}; check `--base-url`, which often ends in /v1"
        ) from error


def _count(tokens: Any) -> int | None:
    return tokens if is_whole(tokens) and 0 <= tokens <= MOST else None
