"""A marimo notebook: a transcript to read, a turn that runs, and paper."""

import marimo

app = marimo.App()


@app.cell
def _():
    import os

    import marimo as mo

    import dari_nb as dari
    from dari_nb.local import ToolCall, ToolResult

    os.environ["DARI_LOCAL_PACE"] = "0"
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
    mo.ui.anywidget(chat.view)


@app.cell
def _(turn):
    turn  # noqa: B018


if __name__ == "__main__":
    app.run()
