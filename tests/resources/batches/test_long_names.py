"""A long name is cut where there is little room for it."""

import pytest

LONG = "is_it_" + "very_" * 30 + "long"


@pytest.fixture
def batch(d, server):
    @server.agent("plain", llms=["x", "y"])
    def plain(prompt, turn):
        return turn.llm_id

    batch = d.batches.run("plain", ["one", "two"], ["x", "y"]).wait(60)
    batch.score(LONG, lambda turn: turn.text == "x")
    batch.score("size" + LONG, lambda turn: len(turn.text) + 3)
    return batch


def test_a_long_score_name_is_cut_in_menus_cells_and_heads(batch):
    view = batch.view()
    menus = view.tools.partition("</datalist>")[2]
    words = [part.split(">")[-1] for part in menus.split("</option>")]
    assert any(word.endswith("…") for word in words)
    assert max(map(len, words)) <= 60
    assert f'placeholder="Words, {LONG}' not in view.tools
    table = batch.to_mimebundle()["text/html"].partition("<table")[2]
    assert LONG not in table
    assert "✓ is_it_very_" in table


def test_trajectories_name_the_column_that_runs_share(d, server):
    from dari_nb.local import ToolCall

    @server.agent("caller", llms=["x", "y"])
    def caller(prompt, turn):
        yield ToolCall("t" * 5000 if turn.llm_id == "x" else "other", {})
        yield "done"

    batch = d.batches.run("caller", ["one"], ["x", "y"], repeats=2).wait(60)
    trajectories = batch.trajectories(0)
    forms = trajectories.to_mimebundle()
    for form in forms.values():
        assert "t" * 100 not in form
    assert "(x)" in forms["text/plain"]
    assert "(y)" in forms["text/plain"]
    assert "<small>x</small>" in forms["text/html"]
