"""A page that is busy for two seconds as a view begins: anywidget takes it for lost by then."""

import pytest

from .test_matrix import BOARD, cell

# What those two seconds end, they end at once: no page needs to be busy for that.
IS_LATE = """
const { timeout } = AbortSignal;
AbortSignal.timeout = (ms) => {
  if (ms !== 2000) return timeout.call(AbortSignal, ms);
  const busy = new AbortController();
  queueMicrotask(() => busy.abort());
  return busy.signal;
};
"""


@pytest.fixture
def opened(lab):
    """A notebook whose last cell shows a view, in a page that is late with it."""
    book = lab.open_notebook([BOARD, "board = Board(4); board.view"])
    said = []
    book.page.on("pageerror", lambda error: said.append(str(error)))
    book.page.add_init_script(IS_LATE)
    book.reload()
    book.run_all()
    yield book
    # Else it was not late.
    assert "[anywidget] Failed to initialize model." in said


def test_a_matrix_that_was_late_is_filled_and_hears_of_what_happens(opened):
    cell(opened, "3-large").wait_for()
    opened.save()
    opened.reload()
    cell(opened, "3-large").wait_for()
    opened.execute("board.put('0-small', state='completed', text='Yes.', latency_s=1)")
    opened.page.locator("[data-cell='0-small'][data-state=completed]").wait_for()
    opened.execute("board.view.blind = True")
    opened.page.locator("[name=blind]:checked").wait_for()
    assert not opened.problems
