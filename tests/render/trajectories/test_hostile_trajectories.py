"""What tools are called and given is of others: none of it means anything to a page."""

import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from dari_nb.models import ToolCallItem
from dari_nb.render.matrix.verdict import Verdict
from dari_nb.render.trajectories.static import static_trajectories, trajectories_html
from dari_nb.render.trajectories.trajectories import Trajectories, Trajectory

CORPUS = json.loads((Path(__file__).parents[1] / "hostile.json").read_text("utf-8"))

OWN = re.compile(r' (?:role|aria-label|tabindex|data-look|type|name|value)="[^"]*"|<wbr>')
"""What only a view of ours has; a quote of others in it would not be its end."""


def own(html):
    return OWN.sub("", html).replace("<button", "<span").replace("</button>", "</span>")


def hostile_trajectories(text):
    def call(*parts):
        name, value, result = parts
        return ToolCallItem(tool_name=name, arguments={text: value}, result=result)

    same = call("look", 1, text)
    one = [same, call(text, text, text), call(text, 1, 1)]
    other = [same, call("look", text * 3, text), call(text, text * 40, None)]
    verdict = Verdict("no", text)
    runs = [
        Trajectory(n, text, text, trajectory, None, verdict)
        for n, trajectory in enumerate((one, other), 1)
    ]
    return Trajectories(runs, title=text, criterion=text)


def hostile_splits(text):
    """Runs of which a step tells most, by what is of others: a tool, an argument, its value."""

    def call(*parts):
        name, given = parts
        return ToolCallItem(tool_name=name, arguments=given)

    others = [call("look", {"a": 1}), call("look", {"b": 1})]
    either = [call(text, {text: text, "n": 1.0}), call(text, {text: text * 2, "n": 1})]
    runs = [
        Trajectory(n, text, text, [others[n % 2], either[n % 4 // 2]], n % 4 < 2)
        for n in range(1, 17)
    ]
    return Trajectories(runs, title=text, criterion=text)


@pytest.mark.parametrize("texts", CORPUS.values(), ids=CORPUS)
def test_trajectories_of_hostile_calls_are_harmless(texts, read):
    for text in texts:
        trajectories = hostile_trajectories(text)
        for live in (True, False):
            page = read(f"<div>{own(trajectories_html(trajectories, is_live=live))}</div>")
            assert page.roots == 1
            assert "needle" in page.text
        split = hostile_splits(text)
        said = trajectories_html(split)
        assert "tells most" in said
        assert read(f"<div>{own(said)}</div>").roots == 1
        forms = static_trajectories(trajectories)
        assert "needle" in forms["text/plain"]
        rendered = MarkdownIt("gfm-like", {"linkify": False}).render(forms["text/markdown"])
        assert not {"<img", "<a ", "<script"} & set(rendered.split(">"))
        assert rendered.count("<table>") == 1
