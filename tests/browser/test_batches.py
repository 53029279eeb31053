"""``%%dari_batch`` in a real JupyterLab: a live matrix that becomes static in the same output."""

from .conftest import telling

START = """
%load_ext dari_nb
import asyncio, dari_nb
from pathlib import Path
from dari_nb.local import ToolCall, ToolResult
d = dari_nb.connect("local")

@d.server.agent("geographer", llms=["small", "large"])
async def geographer(prompt, turn):
    yield f"Let me look up **{prompt}**"
    yield ToolCall("atlas", {"question": prompt})
    yield ToolResult({"pages": [12, 40]})
    while turn.llm_id == "large" and not Path("go").exists():
        await asyncio.sleep(0.05)
    if "Mars" in prompt and turn.metadata["attempt"] == "1":
        raise RuntimeError("there is no map of Mars")
    yield f"It is in the atlas, says {turn.llm_id}."
"""
BATCH = """%%dari_batch geographer --llm small --llm large -o batch
What is the capital of Malta?
Which river is the longest of Europe?
Where are the dunes of Mars?
"""
RETRY = "batch.retry_failed().follow(); batch.compare((2, 'small'), (2, 'large'))"


def test_a_batch_is_a_live_matrix_and_then_static_output(lab):
    book = lab.open_notebook([START, BATCH, RETRY])
    page = book.page
    book.start_all()
    live = page.locator(".jp-OutputArea .dari-view").first
    live.get_by_text("says small").first.wait_for()
    # While its cell blocks, the page cannot tell what is in sight: the first ones stream.
    running = live.locator("[role=gridcell]").filter(has_text="running")
    running.get_by_text("Let me look up").first.wait_for()
    book.shot("batch-live-light")
    (lab.notebooks / "go").touch()
    page.get_by_text("2 of 6 failed: batch.retry_failed() sends them again").wait_for()
    page.locator(".jp-OutputArea table").last.wait_for()
    page.locator("ins").first.wait_for()

    saved = book.save()
    lab.shutdown_kernels()
    batch, retried = ([o.data for o in telling(cell)] for cell in saved.cells[1:])
    assert [set(data) for data in (*batch, *retried)] == [
        {"text/html", "text/markdown", "text/plain"}
    ] * 3
    assert "there is no map of Mars" in batch[0]["text/plain"]
    assert "says large" in retried[0]["text/plain"]
    assert "widgets" not in saved.metadata
    book.reload()
    page.get_by_text("there is no map of Mars").first.wait_for()
    assert not book.problems
    book.shot("batch-static", width=700)
