"""What a view has asked for when its kernel goes: readers are told, and the page throws nothing."""

import pytest

from tests.jupyter import KERNEL

from .test_reader import LONG

BUSY = f"""() => {{
  const future = {KERNEL}.requestExecute({{ code: "import time; time.sleep(600)" }});
  future.done.catch(() => undefined);  // It ends with its kernel.
}}"""
GONE = "The kernel is gone: run the cell again."


@pytest.fixture
def reader(lab):
    book = lab.open_notebook([LONG, "session.view()"])
    book.run_all()
    book.page.locator(".dari-reader .dari-row .dari-user").first.wait_for()
    book.page.evaluate(BUSY)
    book.page.wait_for_function(f"() => {KERNEL}.status === 'busy'")
    return book


@pytest.mark.parametrize("keys", [["End"], "/needle"])
def test_what_does_not_come_to_a_reader_throws_nothing_into_the_page(lab, reader, keys):
    page = reader.page
    page.locator(".dari-reader [role=log]").focus()
    for key in keys:
        page.keyboard.press(key)
    lab.shutdown_kernels()
    page.locator(".dari-reader.dari-gone").wait_for()
    if keys == "/needle":
        page.locator(".dari-tools").get_by_text(GONE).wait_for()
    assert reader.problems == []
