"""What is said of cells is seen at once in every open view of their batch and its static output."""

HERE = {"kind": "here", "jupyter": True}
RUN = """
@d.server.agent("heater", llms=["cold", "warm"])
def heater(prompt, turn):
    return f"{prompt} {turn.llm_id}"

batch = d.batches.run("heater", ["on", "off"], ["cold", "warm"]).wait(60)
again = d.batches.recover(batch.run_id).wait(60)
"""


def shown(kernel, code):
    """Show a view, as a page that is looked at does; returns its id."""
    before = kernel.page.views()
    kernel.run(code)
    [view] = [view for view in kernel.page.views() if view not in before]
    kernel.say(view, HERE)
    return view


def test_open_views_and_their_static_outputs_learn_of_scores_and_ratings(
    kernel, monkeypatch, tmp_path
):
    kernel.run(f"%cd -q {tmp_path}")
    assert kernel.run(RUN) == ""
    views = [shown(kernel, f"{name}.view()") for name in ("batch", "batch", "again")]
    heads = [kernel.page.widgets[view] for view in views]
    assert all("Nothing is scored yet" in state["head"] for state in heads)
    kernel.until(lambda: len(kernel.page.static_outputs) == 3)
    kernel.run("batch.score('ok', lambda turn: 'warm' in turn.text)")
    kernel.until(lambda: all("“ok”" in state["head"] for state in heads))
    kernel.until(lambda: all("✓ ok" in static for static in kernel.page.static_outputs[:3]))
    assert not any("Nothing is scored" in static for static in kernel.page.static_outputs[:3])
    kernel.run("again.rate((0, 'cold'), 'rating', 4)")
    kernel.until(lambda: all("By rating" in state["tools"] for state in heads))
    kernel.until(lambda: all("rating 4" in static for static in kernel.page.static_outputs[:3]))
    cell = kernel.run("print(batch[1, 'warm'].id)").strip()
    body = {"cell": cell, "name": "rating", "value": 2, "note": "too hot"}
    kernel.say(views[0], {"kind": "request", "id": 1, "what": "rate", "body": body})
    kernel.until(lambda: all("too hot" in static for static in kernel.page.static_outputs[:3]))
    kernel.run("batch.score('ok', None)")
    kernel.until(lambda: not any("“ok”" in state["head"] for state in heads))
