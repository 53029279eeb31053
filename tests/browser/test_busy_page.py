"""A page that is busy for two seconds as a view begins: anywidget takes it for lost by then."""

import pytest

from .test_live_transcript import FEEDER, SHOW
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
def opened(lab, request):
    """A notebook whose last cell shows a view, in a page that is late with it."""
    book = lab.open_notebook(request.param)
    said = []
    book.page.on("pageerror", lambda error: said.append(str(error)))
    book.page.add_init_script(IS_LATE)
    book.reload()
    book.run_all()
    yield book
    # Else it was not late.
    assert "[anywidget] Failed to initialize model." in said


@pytest.mark.parametrize("opened", [[BOARD, "board = Board(4); board.view"]], indirect=True)
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


@pytest.mark.parametrize("opened", [[FEEDER, SHOW]], indirect=True)
def test_a_transcript_that_was_late_goes_on(opened):
    opened.execute("feed(live, [user('Hello'), call(1, 'running')])")
    opened.page.locator(".dari-call[data-state=running]").wait_for()
    opened.save()
    opened.reload()
    opened.page.locator(".dari-call[data-state=running]").wait_for()
    opened.execute("feed(live, [user('Hello'), call(1), answer('Three did.')], 'completed')")
    opened.page.locator(".dari-answer").wait_for()
    assert not opened.problems
