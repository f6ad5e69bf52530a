"""Side by side: one job for many things, so many at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


async def side_by_side(
    things: Iterator[T], take: Callable[[T], Awaitable[None]], at_once: int
) -> None:
    """Takes every thing, at most `at_once` at a time; things are asked for as they are taken.

    An error of `take` ends it: nothing more is begun, what is under way is ended, and the first
    error is raised.
    """
    errors: list[BaseException] = []

    async def one_hand() -> None:
        for thing in things:
            try:
                await take(thing)
            except Exception as error:
                errors.append(error)
            if errors:
                return

    await asyncio.gather(*(one_hand() for _ in range(at_once)))
    if errors:
        raise errors[0]
