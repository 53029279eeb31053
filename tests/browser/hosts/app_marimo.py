"""A marimo notebook: a transcript to read, a turn that runs, static output, and linked views."""

import marimo

app = marimo.App()


@app.cell
def _():
    import os

    import marimo as mo

    import dari_nb as dari
    from dari_nb.local import ToolCall, ToolResult

    os.environ["DARI_LOCAL_STEP_DELAY"] = "0"
    d = dari.connect("local")

    @d.server.agent("helper")
    def helper(prompt):
        yield ToolCall("look", {"where": "in the box"})
        yield ToolResult("found it")
        yield f"You **said** {prompt}."

    turn = d.agents.get("helper").send("hello").wait()
    return d, mo, turn


@app.cell
def _(mo, turn):
    mo.ui.anywidget(turn.session.view())


@app.cell
def _(d, mo):
    chat = d.agents.get("helper").chat()
    mo.ui.anywidget(chat)


@app.cell
def _(mo, turn):
    mo.ui.anywidget(turn.session.player())


@app.cell
def _(turn):
    turn  # noqa: B018


@app.cell
def _(d, mo, turn):
    from traitlets import link

    other = d.agents.get("helper").send("something else").wait()
    table, reader = d.sessions.view(preview=False), turn.session.view()
    joined = link((reader, "session"), (table, "active"))
    seen = mo.ui.anywidget(table)
    mo.hstack([seen, mo.ui.anywidget(reader)], widths="equal")
    return joined, other, seen


@app.cell
def _(mo, seen):
    mo.md(f"active: {seen.value.get('active')}")


@app.cell
def _():
    from dari_nb import plot_latency
    from dari_nb.frames import BatchCell, batch_frame

    cells = [BatchCell(task_index=n, llm_id="small", latency_s=n / 4) for n in range(30)]
    plot_latency(batch_frame(cells))


if __name__ == "__main__":
    app.run()
