"""Static output of what goes on is written when it is due, and once."""

import asyncio
import threading

from dari_nb.resources.display.static_outputs import StaticOutput
from dari_nb.resources.display.writing import Writing

NEWS = 20
STATIC = StaticOutput({"text/html": "<p>so far</p>", "text/plain": "so far"})


def test_news_that_come_while_static_output_is_written_are_for_the_next_one():
    begun, may_end, asked = threading.Event(), threading.Event(), []

    def made():
        begun.set()
        may_end.wait(60)
        return STATIC

    writing = Writing(made, lambda _: None)
    writing.places = [lambda _: None]

    def due():
        asked.append("once")
        writing.meanwhile()

    async def follow():
        writing.in_time(due)
        await asyncio.to_thread(begun.wait, 60)
        for _ in range(NEWS):
            writing.in_time(due)
            await asyncio.sleep(0)
        while_written = list(asked)
        may_end.set()
        while len(asked) < 2:  # what came meanwhile is written all the same
            await asyncio.sleep(0.01)
        return while_written

    assert asyncio.run(follow()) == ["once"]
