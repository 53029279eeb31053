"""Views and static output in frames such as those of VS Code and Colab, which are no Jupyter pages.

The pages are made after what these hosts set: their variables, a frame of its own, scripts from
blobs or data, a policy that forbids the network. The editors themselves are not run.
"""

import os

import pytest

from dari_nb.local import LocalDari, ToolCall, ToolResult
from dari_nb.resources import Dari

ANSWER = """Three of them did, see `churn.csv`:

```python
import pandas as pd
lost = pd.read_csv("churn.csv").query("days > 90")  # longer than a quarter
```

| customer | days |
| --- | ---: |
| Ada | 91 |

So $\\frac{3}{40}$ of all, and [more](https://example.org) to come."""
THEMES = ["vscode-light", "vscode-dark", "colab-light", "colab-dark"]


@pytest.fixture(scope="module")
def d():
    os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
    with LocalDari() as server, Dari(server.url, server.api_key, server) as d:

        @server.agent("librarian", llms=["small", "large"])
        def librarian(prompt, turn):
            yield ToolCall("bash", {"command": "wc -l churn.csv"})
            yield ToolResult({"stdout": "40 churn.csv", "stderr": "", "exit_code": 0})
            yield ToolCall("edit", {"path": "a.py", "old": "x = 1", "new": "x = 2"})
            yield ToolResult("done")
            yield ToolCall("look", {"where": "there"})
            yield ToolResult("there is nothing there", is_error=True)
            if prompt == "ask":
                yield ToolCall("confirm", {"sure": True}, external=True)
            yield ANSWER if turn.llm_id == "small" else "None of them did."

        yield d
    del os.environ["DARI_LOCAL_STEP_DELAY"]


@pytest.fixture(scope="module")
def turn(d):
    return d.agents.get("librarian").send("Which customers **churned**?", llm="small").wait()


def opened(page, selector):
    """Open all folds there."""
    page.evaluate(
        f"document.querySelectorAll('{selector} details').forEach((fold) => fold.open = true)"
    )


def findings(page, axe):
    """What axe finds, but for code that is wider than its place: browsers let one tab to that."""
    found = axe(page.page.frames[-1], "body")
    return [finding for finding in found if not finding.startswith("scrollable-region-focusable")]


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_shown_can_be_read(host, axe, d, turn, theme):
    from dari_nb.widgets import LiveTranscript

    page = host(theme)
    live = LiveTranscript()
    live.show(turn.items, turn.head())
    page.show(live)
    page.show_html(turn.to_mimebundle()["text/html"])
    reader = turn.session.view()
    page.show(reader)
    chat = d.agents.get("librarian").start(llm="small").chat()
    page.show(chat)
    for selector in (".dari-live", ".dari-reader", ".dari-turn"):
        page.frame.locator(f"{selector} .dari-answer").first.wait_for()
        opened(page, selector)
    page.frame.locator(".dari-chat textarea").fill("ask")
    page.frame.locator(".dari-chat textarea").press("Control+Enter")
    page.frame.get_by_role("form", name="Answer confirm").wait_for()
    assert findings(page, axe) == []
    page.shot(f"host-{theme}", 1000)
    assert page.problems == []
    assert page.left() == []
    reader.close()
    chat.close()


@pytest.mark.parametrize("theme", ["vscode-dark", "colab-light"])
def test_a_matrix_is_worked_and_read(host, axe, d, theme):
    page = host(theme)
    tasks = ["Which customers churned?", "Why did they?"]
    batch = d.batches.run("librarian", tasks, llms=["small", "large"]).wait()
    view = batch.view()
    page.show(view)
    cell = page.frame.locator("[role=gridcell]").filter(has_text="Three of them")
    cell.first.click()
    page.frame.locator(".dari-pane .dari-answer").wait_for()
    assert findings(page, axe) == []
    page.shot(f"host-matrix-{theme}", 1400)
    code = page.frame.locator(".dari-pane pre[title=python]")
    page.frame.locator(".dari-pane .dari-log").focus()
    for _ in range(8):
        page.page.keyboard.press("Tab")
        if code.evaluate("(code) => code === document.activeElement"):
            break
    page.page.keyboard.press("End")
    page.page.keyboard.press("ArrowRight")
    page.page.wait_for_function(
        "() => document.querySelector('iframe')"
        ".contentDocument.querySelector('pre[title=python]').scrollLeft > 0"
    )
    assert page.problems == []
    assert page.left() == []
    view.close()
