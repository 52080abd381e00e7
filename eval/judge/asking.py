"""Asks a judge many questions at once, each only once, and keeps every reply as soon as it is there."""

import asyncio
import dataclasses
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence

from eval.judge.cache import ReplyCache
from eval.judge.chat import ask, open_client
from eval.judge.endpoint import Endpoint, Patience
from eval.judge.failures import RefusedError, UnansweredError
from eval.judge.prompt import Question, Reply
from mixsched.errors import UsageError

# How often to look whether another process, which asks the same question, has its reply.
LOOK_AGAIN_S = 0.1


@dataclasses.dataclass(frozen=True)
class Asked:
    """Replies by the question's key, and the keys of those that were asked now."""

    replies: dict[str, Reply]
    new: frozenset[str]


def ask_all(
    questions: Sequence[Question],
    endpoint: Endpoint,
    cache: ReplyCache,
    *,
    concurrency: int,
    patience: Patience,
    watch: Callable[[int, int], None],
) -> Asked:
    """The reply to every question, from the cache or from the endpoint, at most `concurrency` on their way at once.

    - `watch`: is told how many questions are answered, of how many.

    One question goes ahead of all others, so that a wrong key or name costs one request. A question that the endpoint
    will not take, though it took others, has a reply with `refused` and is not kept in the cache. Raises UsageError
    when the endpoint cannot be used or stays silent; what was answered by then is kept.
    """
    wanted = {question.key: question for question in questions}
    replies = {key: reply for key in wanted if (reply := cache.get(key)) is not None}
    new: set[str] = set()
    watch(len(replies), len(wanted))

    async def answer(open_questions: Iterator[Question], asker: Callable[[Question], Awaitable[Reply]]) -> None:
        for question in open_questions:
            replies[question.key], is_new = await _once(question, asker, cache, others_were_taken=bool(replies))
            new.update([question.key] if is_new else [])
            watch(len(replies), len(wanted))

    async def answer_all() -> None:
        missing = [question for key, question in wanted.items() if key not in replies]
        async with open_client(endpoint, patience) as client:

            async def asker(question: Question) -> Reply:
                return await ask(client, question, patience)

            await answer(iter(missing[:1]), asker)
            # One iterator for all workers: each takes the next question when it is free.
            rest = iter(missing[1:])
            await _together([answer(rest, asker) for _ in range(min(concurrency, len(missing)))])

    if len(replies) < len(wanted):
        try:
            _run(answer_all)
        except UnansweredError as error:
            raise UsageError(
                f"{endpoint.base_url} gave no answer for too long ({error}); {len(replies)} of {len(wanted)} questions "
                "are answered and kept: give the same command again later, and only the others are asked"
            ) from error
    return Asked(replies, frozenset(new))


def _run(main: Callable[[], Awaitable[None]]) -> None:
    """Run to the end, as asyncio does, but SIGTERM too first cancels what is on its way, and then is what it was."""

    async def cancellable() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None, "it runs as one"
        # An exception out of a handler would end the loop wherever it is, and asyncio would print it.
        before = signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(task.cancel))
        try:
            await main()
        finally:
            signal.signal(signal.SIGTERM, before)

    try:
        asyncio.run(cancellable())
    except asyncio.CancelledError:
        # Ctrl-C comes as KeyboardInterrupt, so this was SIGTERM.
        signal.raise_signal(signal.SIGTERM)
        raise


async def _together(workers: Sequence[Awaitable[None]]) -> None:
    """Run all to their end; the first exception, Ctrl-C too, ends them all and is raised as it is."""
    tasks = [asyncio.ensure_future(worker) for worker in workers]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _once(
    question: Question, asker: Callable[[Question], Awaitable[Reply]], cache: ReplyCache, *, others_were_taken: bool
) -> tuple[Reply, bool]:
    """A question's reply, and whether it was asked now; another process that asks the same one is waited for."""
    while True:
        with cache.claim(question.key) as ours:
            if (known := cache.get(question.key)) is not None:
                return known, False
            if ours:
                try:
                    reply = await asker(question)
                except RefusedError as refusal:
                    if not others_were_taken:
                        raise UsageError(
                            f"{question.endpoint} does not take the questions to {question.model!r} ({refusal}); "
                            "choose another `--judge`, one that allows temperature 0"
                        ) from refusal
                    return Reply(str(refusal), finish="refused"), True
                cache.put(question.key, reply)
                return reply, True
        await asyncio.sleep(LOOK_AGAIN_S)
