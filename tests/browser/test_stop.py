"""Stop reaches the kernel, whether it is free or blocked by the very cell that shows the turn."""

import pytest

FEEDER = """
import asyncio, threading, time
from dari_nb.models import UserMessageItem, text_block
from dari_nb.render import Head
from dari_nb.widgets import LiveTranscript

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
hello = UserMessageItem(id="u", message_id="m", content=[text_block("Hello")])
live = LiveTranscript(blocking={blocking})
pressed = threading.Event()
live.on_stop(pressed.set)
display(live)
loop.call_soon_threadsafe(live.update, [hello], Head("librarian", "small", "running"))
{then}
"""
BLOCKS = FEEDER.format(blocking=True, then="time.sleep(60)")
RETURNS = FEEDER.format(blocking=False, then="")


@pytest.mark.parametrize("front_end", ["lab", "notebook7"])
def test_items_show_while_their_cell_blocks_and_stop_interrupts_it(front_end, request):
    book = request.getfixturevalue(front_end).open_notebook([BLOCKS])
    book.start_all()
    book.page.locator(".dari-live .dari-user").wait_for()
    book.page.locator(".dari-stop").click()
    book.page.get_by_text("KeyboardInterrupt").first.wait_for(timeout=10_000)
    assert not book.problems


def test_stop_tells_a_kernel_that_is_free(lab):
    book = lab.open_notebook([RETURNS])
    book.run_all()
    book.page.locator(".dari-live .dari-user").wait_for()
    book.page.locator(".dari-stop").press("Enter")
    assert book.execute("print(pressed.wait(5))").strip() == "True"
