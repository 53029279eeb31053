"""Work with files, done off the event loop so that the server goes on answering."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="dari-tools")


async def off_the_loop(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call something that blocks in one of the tools' threads."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool, partial(work, *args, **named))
