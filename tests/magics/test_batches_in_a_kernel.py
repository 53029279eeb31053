"""``%%dari_batch`` in a real kernel, with no front end: what nbclient and papermill see."""

from .test_in_a_kernel import BUNDLE, bundles, execute, fast

__all__ = ["fast"]

FLAKY = """
@d.server.agent("flaky", llms=["small", "large"])
def flaky(prompt, turn):
    from decimal import Decimal
    from dari_nb.local import Usage
    yield Usage(Decimal("0.25"))
    if turn.llm_id == "small" and turn.metadata["attempt"] == "1":
        raise RuntimeError("not today")
    yield f"{prompt}, said {turn.llm_id}"
"""
CELL = "%%dari_batch flaky --llm small --llm large -o batch\nHello\nGoodbye"


def test_a_batch_leaves_static_output_and_no_widget():
    notebook = execute(
        FLAKY, CELL, "_ = batch.retry_failed().follow()", CELL, "print(batch.counts, batch.started)"
    )
    first, retried, again, counts = notebook.cells[2:]
    for cell in (first, retried, again):
        assert bundles(cell) == [BUNDLE]
    [static] = [o.data["text/plain"] for o in first.outputs if o.output_type == "display_data"]
    assert "not today" in static
    assert "Goodbye, said large" in static
    assert "2 of 4 failed: batch.retry_failed() sends them again" in first.outputs[-1].text
    assert "nothing sent, all is there already" in again.outputs[0].text
    assert counts.outputs[0].text.strip() == "{'completed': 4} 0"
    assert "widgets" not in notebook.metadata
