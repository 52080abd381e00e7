"""What an endpoint's failure means: try again, leave out this question, or stop and say what to mend."""

import email.utils
import time

import openai

from eval.judge.prompt import Question
from mixsched.errors import UsageError

# The endpoint will not answer this question; it may well answer others.
ABOUT_THE_QUESTION = (400, 413, 422)
WORTH_ANOTHER_TRY = (408, 409, 425, 429)
LONGEST_SAID = 300
# A server on this machine is asked with a word for a key; what is shorter than any real one is no secret.
SHORTEST_KEY = 8


class RefusedError(Exception):
    """The endpoint answered that it will not take this question; the text is its reason."""


class UnansweredError(Exception):
    """The endpoint gave no answer for as long as patience lasts; the text says what came last."""


def raise_if_hopeless(error: openai.APIError, question: Question) -> None:
    """Raise for a failure that no waiting mends: RefusedError if it is about this question, else UsageError."""
    if not isinstance(error, openai.APIStatusError):
        return
    status, said = error.status_code, said_of(error)
    if status in ABOUT_THE_QUESTION:
        raise RefusedError(said) from error
    if status in (401, 403):
        raise UsageError(
            f"{question.endpoint} refuses the key in OPENAI_API_KEY for {question.model!r} ({said}); set the right one"
        ) from error
    if status == 404:
        raise UsageError(
            f"{question.endpoint} knows no model {question.model!r}, or is no chat endpoint ({said}); check `--judge` "
            "and `--base-url`"
        ) from error
    if error.code == "insufficient_quota":
        raise UsageError(
            f"the account at {question.endpoint} is used up ({said}); fill it, then give the same command again"
        ) from error
    if status < 500 and status not in WORTH_ANOTHER_TRY:
        raise UsageError(f"{question.endpoint} does not answer ({said}); check `--base-url` and `--judge`") from error


def asked_to_wait_s(error: openai.APIError) -> float:
    """What a Retry-After header asks for, in seconds or as a date; 0 where there is none that can be read."""
    asked = error.response.headers.get("retry-after", "") if isinstance(error, openai.APIStatusError) else ""
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(asked).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    # NaN compares false.
    return seconds if seconds > 0 else 0.0


def said_of(error: openai.APIError) -> str:
    """An error in the server's own words but for the key, on one line; of a connection, what the system says of it."""
    key = error.request.headers.get("authorization", "").removeprefix("Bearer ")
    if isinstance(error, openai.APIStatusError):
        body = error.body
        told = body.get("message") or body if isinstance(body, dict) else body or error.message
        return f"status {error.status_code}: {on_one_line(without_key(str(told), key))}"
    cause = error.__cause__
    return on_one_line(without_key(f"{error.message} {cause or ''}", key))


def without_key(text: str, key: str) -> str:
    """What an endpoint said, with its key taken out: it is shown and kept, and some endpoints repeat the key."""
    return text.replace(key, "[key]") if len(key) >= SHORTEST_KEY else text


def on_one_line(text: str) -> str:
    """The start of a text, without its line breaks and its last dot, to stand within a sentence."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= LONGEST_SAID else line[:LONGEST_SAID] + "..."
