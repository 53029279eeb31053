"""The last static output goes through a view only to pages that are told of no output."""

import pytest

CELLS = {
    "turn": ("%%dari_agent gated --bg\nHi", "items"),
}


def lasts(kernel, view):
    return [told["html"] for told in kernel.page.told[view] if told["kind"] == "last"]


def begun(kernel, cell, seen):
    kernel.run(cell)
    [view] = kernel.page.views()
    kernel.until(lambda: any(told["kind"] == seen for told in kernel.page.told.get(view, ())))
    return view


def ended(kernel):
    kernel.run("gate.set()")
    kernel.until(lambda: kernel.page.views() == [])


@pytest.mark.parametrize(("cell", "seen"), CELLS.values(), ids=CELLS)
def test_the_page_that_ran_the_cell_gets_it_once(kernel, cell, seen):
    view = begun(kernel, cell, seen)
    kernel.say(view, {"kind": "here", "jupyter": True})
    ended(kernel)
    assert "the second part" in kernel.page.static_outputs[-1]
    assert lasts(kernel, view) == []


@pytest.mark.parametrize(("cell", "seen"), CELLS.values(), ids=CELLS)
def test_a_page_that_came_late_gets_it_through_the_view(kernel, cell, seen):
    view = begun(kernel, cell, seen)
    kernel.say(view, {"kind": "hello", "n": 0})
    ended(kernel)
    [html] = lasts(kernel, view)
    assert "the second part" in html
