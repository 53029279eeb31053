"""The parts of the approvals: the rule for sentences, outlines, and the replay server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import dari_nb as dari

from .outline import Outlines
from .replay import Input
from .sentences import without_sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oslo · 2 turns · Nobody has rated this yet.", "Oslo · 2 turns · <sentence>"),
        ("> One long sentence. Another long one.", "> <sentence>"),
        ("| no score | rated by hand | 3 of 4 |", "| no score | <sentence> | 3 of 4 |"),
        ("Oslo lies near Bergen, says Oslo", "Oslo lies near Bergen, says Oslo"),
        ("first line\nOslo", "first line\nOslo"),
    ],
)
def test_sentence_rule_keeps_labels_and_input(text: str, expected: str) -> None:
    assert without_sentences({"oslo", "bergen"})(text) == expected


def test_outline_shows_roles_names_order(outlines: Outlines) -> None:
    html = """
        <style>p { display: none }</style>
        <h2>Title</h2> <p>18:40:00</p> <p>one <b>two</b> three four five</p>
        <details><summary>More</summary><a href="https://example.org">link</a></details>
        <table><tr><td>cell</td></tr></table> <img alt="chart" src="data:,">
    """
    assert outlines.of(html, without_sentences({"one", "two"})).split("\n") == [
        'heading "Title" [level=2]',
        "paragraph: 18:40:00",
        "paragraph: <sentence>",
        "group",
        "  text: More",
        '  link "link"',
        "    /url: https://example.org",
        "table",
        "  rowgroup",
        "    row",
        '      cell "cell"',
        'img "chart"',
    ]


def test_replay_answers_like_local_dari(
    server: dari.local.LocalDari, d: dari.Dari, tmp_path: Path
) -> None:
    @server.agent("guide")
    def guide(prompt: str) -> Iterator[object]:
        yield dari.local.Reasoning("hm")
        yield dari.local.ToolCall("look", {"at": prompt})
        yield dari.local.ToolResult({"depth": 3})
        yield "seen"
        yield dari.local.ToolCall("dive", {})
        yield dari.local.ToolResult("cold", is_error=True)
        raise ValueError(prompt)

    session = d.agents["guide"].send("sea").wait(timeout=60).session
    session.send("lake").wait(timeout=60)
    headers = {"Authorization": f"Bearer {server.api_key}"}
    with httpx.Client(base_url=f"{server.url}/v1", headers=headers) as http:
        answers = {path: http.get(path).json() for path in paths_of(session.id)}
    lines = [
        *({"agent": agent} for agent in answers["agents"]["agents"]),
        {"session": answers[f"sessions/{session.id}"]},
        *({"event": event} for event in answers[f"sessions/{session.id}/events"]["events"]),
    ]
    file = tmp_path / "input.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    replayed = {path: Input(file).answer(path, {}) for path in answers}
    assert replayed == common(replayed, answers)


def paths_of(session_id: str) -> list[str]:
    of_session = ("", "/events", "/messages", "/transcript")
    return ["agents", *(f"sessions/{session_id}{each}" for each in of_session)]


def common(some: Any, more: Any) -> Any:
    """Return what ``more`` has of the fields of ``some``."""
    if isinstance(some, dict) and isinstance(more, dict):
        return {name: common(some[name], more[name]) for name in some if name in more}
    if isinstance(some, list) and isinstance(more, list) and len(some) == len(more):
        return [common(*each) for each in zip(some, more, strict=True)]
    return more
