"""What a batch says of its columns is what the statistics say, from the answers to the page."""

import itertools
import re

import pytest

from dari_nb import plot_cost
from dari_nb.errors import InvalidRequestError
from dari_nb.local import ToolCall, ToolResult
from dari_nb.scores import paired_difference


@pytest.fixture
def triage(server):
    @server.agent("triage", llms=["small", "large"])
    def triage(prompt, turn):
        yield "Let me look at the ticket."
        yield ToolCall("read_ticket", {"text": prompt})
        yield ToolResult({"ok": True})
        hears = "down" in prompt or (turn.llm_id == "large" and "lost" in prompt)
        yield f"Priority: {'high' if hears else 'low'}"


TASKS = [
    {"prompt": "The site is down", "expected": "high"},
    {"prompt": "I lost my password", "expected": "high"},
    {"prompt": "Thanks, all good!", "expected": "low"},
]


@pytest.fixture
def batch(d, triage):
    return d.batches.run("triage", TASKS, ["small", "large"], repeats=2).wait(120)


def test_with_many_columns_each_comparison_is_wider_so_that_all_hold_together(d, server):
    @server.agent("many", llms=["a", "b", "c"])
    def many(prompt, turn):
        return {"a": "1", "b": prompt, "c": "0"}[turn.llm_id]

    tasks = [{"prompt": str(n % 2), "id": n} for n in range(4)]
    batch = d.batches.run("many", tasks, ["a", "b", "c"])
    batch.wait(120).score("value", lambda turn: int(turn.text) > 0)
    [finding] = batch._snapshot().findings
    assert [*finding.means] == ["a", "b", "c"] == ["a", *(gap.other for gap in finding.gaps)]
    assert finding.level == pytest.approx(1 - 0.05 / 3)
    ones = {t: [batch[t, "a"].scores["value"]] for t in range(4)}
    others = {t: [batch[t, "b"].scores["value"]] for t in range(4)}
    assert finding.gaps[0].low == paired_difference(ones, others, level=finding.level).low


def test_scores_that_are_no_numbers_have_no_mean_and_no_finding(batch):
    batch.score("tone", lambda turn: "calm")
    matrix = batch._snapshot()
    assert ([*matrix.findings], [[*column.means] for column in matrix.columns]) == ([], [[], []])


@pytest.fixture
def same(d, server):
    """Six tasks with two LLMs that answer differently on all but the last one."""

    @server.agent("heater", llms=["cold", "warm"])
    def heater(prompt, turn):
        return "Off" if prompt == "5" else f"{prompt} {turn.llm_id}"

    return d.batches.run("heater", [str(n) for n in range(6)], ["cold", "warm"]).wait(120)


def bars(batch):
    """Where the means stand on their bars, from 0 to 1, column by column."""
    html = batch.to_mimebundle()["text/html"]
    ticks = re.findall(r'class="dari-tick" d="M([\d.]+) ', html)
    return [float(tick) / 200 for tick in ticks]


def test_ratings_are_drawn_on_the_scale_from_1_to_5(same):
    same.rate((0, "cold"), "rating", 2)
    same.rate((0, "warm"), "rating", 4)
    assert bars(same) == [0.25, 0.75]
    drawn = same.plot("rating").to_dict()
    domains = [layer["encoding"].get("x", {}).get("scale", {}) for layer in drawn["layer"]]
    assert [scale["domain"] for scale in domains if scale] == [[1, 5]]
    frame = same.to_frame().assign(cost_usd=0.01)
    costs = plot_cost(frame, "rating").to_dict()["layer"]
    assert costs[1]["encoding"]["y"]["scale"]["domain"] == [1, 5]
    # The interval of three values as far apart reaches beyond what a rating can be.
    same.rate((1, "cold"), "rating", 5)
    assert bars(same) == [0.625, 0.75]
    assert all(0 <= float(x) <= 200 for x in re.findall(
        r'class="dari-range" d="M([\d.]+)', same.to_mimebundle()["text/html"]))  # fmt: skip


def test_yes_or_no_beside_numbers_has_no_mean(d, server):
    @server.agent("odd", llms=["a", "b"])
    def odd(prompt, turn):
        return turn.llm_id

    batch = d.batches.run("odd", ["one", "two"], ["a", "b"]).wait(60)
    batch.score("mixed", lambda turn: True if turn.text == "a" else 0.5)
    with pytest.raises(InvalidRequestError, match="has no mean: it holds 'true', "):
        batch.summary("mixed")
    with pytest.raises(InvalidRequestError, match="Nothing can be compared by 'mixed'"):
        batch.view(baseline="a", score="mixed")


def test_a_score_that_some_repeats_lack_has_one_mean_everywhere(d, server):
    server.agent("same")(lambda prompt: prompt)
    batch = d.batches.run("same", ["1", "5"], repeats=3).wait(60)
    fives = itertools.count()

    def size(turn):
        is_left_out = turn.text == "5" and next(fives)
        return None if is_left_out else int(turn.text)

    batch.score("size", size)
    assert batch.summary("size")["mean"].item() == 3
    [column] = batch._snapshot().columns
    assert [mean.value for mean in column.means] == [3]
