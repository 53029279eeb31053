"""Static output in a very narrow cell: nothing sticks out or overlaps, all can be read."""

import contextlib

import pytest

from dari_nb import connect
from dari_nb.local import ToolCall, ToolResult

ANSWER = """## A heading that is long

You **said** it, see https://example.org/a/very/long/address/that/cannot/be/broken/anywhere.

```python
def function_with_a_long_name(argument_one, argument_two): return argument_one
```

| a | b | c | d |
|--|--|--|--|
| one long cell | two | three | four |
"""
# What reaches beyond its cell, and is in nothing that scrolls.
BEYOND = """cell => [...cell.querySelectorAll("*")].filter((each) => {
  for (let box = each.parentElement; box !== cell; box = box.parentElement) {
    if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return false;
  }
  return each.checkVisibility() && each.getBoundingClientRect().right
    > cell.getBoundingClientRect().right + 1;
}).map((each) => each.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def static_outputs(tmp_path_factory):
    # Ratings are kept in the folder that one works in.
    with contextlib.chdir(tmp_path_factory.mktemp("narrow")), connect("local") as d:

        @d.server.agent("helper", llms=["small", "a-rather-long-model-name"])
        def helper(prompt):
            yield ToolCall("read_file", {"path": "/workspace/a/long/path/to/a_file_with_a_name.py"})
            yield ToolResult("line one\nline two")
            yield ANSWER

        turn = d.agents["helper"].send("averyveryverylongwordthatcannotbebrokenanywhere").wait()
        batch = d.batches.run("helper", ["a task"], ["small", "a-rather-long-model-name"]).wait()
        batch.rate((0, "small"), "quality", 4, "a bit long")
        shown = [turn, batch, d.sessions.list(), d.agents.list(), turn.session.transcript()]
        yield [one.to_mimebundle()["text/html"] for one in shown]


def test_nothing_of_static_output_reaches_beyond_a_cell_of_250_pixels(browser, static_outputs):
    page = browser.new_page()
    for html in static_outputs:
        page.set_content(f"<div id=cell style='width: 250px'>{html}</div>")
        for details in page.locator("details").all():
            details.evaluate("details => { details.open = true }")
        assert page.locator("#cell").evaluate(BEYOND) == []
    page.close()
