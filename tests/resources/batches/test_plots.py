"""Charts that draw the numbers they are given, and tables where there is no Altair."""

from __future__ import annotations

import re
import sys

import altair
import pandas as pd
import pytest
import vl_convert

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.frames import BatchCell, batch_frame
from dari_nb.scores import summary

LLMS = ["small", "large", "<script>"]


@pytest.fixture
def frame():
    return batch_frame(
        BatchCell(
            task_index=task,
            llm_id=llm,
            scores={"correct": task >= place * 2},
            cost_usd=f"0.00{3 - place}",
            latency_s=1.0 + place + task / 10,
        )
        for task in range(6)
        for place, llm in enumerate(LLMS)
    )


@pytest.fixture
def without_altair(monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)


def charts(frame):
    return [
        dari.plot_scores(summary(frame, "correct")),
        dari.plot_cost(frame, "correct"),
        dari.plot_latency(frame),
    ]


def rows(chart):
    [data] = chart.to_dict()["datasets"].values()
    return pd.DataFrame(data)


def test_charts_hold_the_numbers_of_the_summary(frame):
    made = summary(frame, "correct")
    for chart in charts(frame)[:2]:
        drawn = rows(chart).set_index("llm_id")
        for row in made.to_dict("records"):
            kept = drawn.loc[row["llm_id"]]
            assert (kept["mean"], kept["low"], kept["high"]) == (
                row["mean"],
                row["low"],
                row["high"],
            )
    latency = rows(charts(frame)[2])
    assert sorted(latency["latency_s"]) == sorted(frame["latency_s"])


@pytest.mark.parametrize("order", [LLMS, LLMS[::-1]])
def test_llms_stand_everywhere_in_the_order_of_the_batch(frame, order):
    turned = pd.concat([frame[frame["llm_id"] == llm] for llm in order])
    scores, _, latency = (chart.to_dict() for chart in charts(turned))
    assert scores["layer"][0]["encoding"]["y"]["sort"] == order
    assert latency["layer"][0]["encoding"]["y"]["sort"] == order
    domains = [
        c.to_dict()["layer"][0]["encoding"]["color"]["scale"]["domain"] for c in charts(turned)
    ]
    assert domains == [order] * 3


def test_charts_are_titled_name_their_intervals_and_are_told_to_who_cannot_see_them(frame):
    scores, cost, latency = (
        dari.plot_scores(frame, "correct"), dari.plot_cost(frame), dari.plot_latency(frame)
    )  # fmt: skip
    told = [chart.to_dict()["title"] for chart in (scores, cost, latency)]
    assert [title["text"] for title in told] == [
        "correct: mean and interval", "correct against cost", "seconds to the answer"
    ]  # fmt: skip
    assert told[0]["subtitle"] == "95 %, Wilson, over 6 tasks"
    again = pd.concat([frame, frame.assign(repeat=1)])
    subtitle = dari.plot_scores(again, "correct").to_dict()["title"]["subtitle"]
    assert subtitle == "95 %, Wilson with effective trials, over 6 tasks"
    wide = summary(frame, "correct", level=0.8)
    assert "95 %" not in dari.plot_scores(wide).to_dict()["title"]["subtitle"]
    for chart in (scores, cost, latency):
        made = chart.to_dict()
        assert made["width"] == "container"
        assert "small: " in made["description"]
        svg = chart._repr_mimebundle_()["image/svg+xml"]
        assert svg.startswith('<svg role="img" aria-label="')
        assert "&lt;script&gt;" in svg.partition(">")[0]


def test_the_score_may_be_left_out_and_an_unknown_one_is_told(frame):
    assert rows(dari.plot_scores(frame))["score"].unique().tolist() == ["correct"]
    with pytest.raises(InvalidRequestError, match="no scores yet: give some first"):
        dari.plot_scores(frame.drop(columns="score.correct"))


def test_charts_can_be_drawn_and_names_stay_text(frame):
    for chart in charts(frame):
        svg = vl_convert.vegalite_to_svg(chart.to_json())
        assert "&lt;script&gt;" in svg
        assert "<script" not in svg


def test_an_llm_has_the_same_colour_in_every_chart(frame):
    scales = [chart.to_dict()["layer"][0]["encoding"]["color"]["scale"] for chart in charts(frame)]
    assert scales[0] == scales[1] == scales[2]
    assert len(set(scales[0]["range"])) == 3


def test_the_default_llm_has_a_name(frame):
    nameless = frame.assign(llm_id=frame["llm_id"].where(frame["llm_id"] != "small"))
    for chart in charts(nameless):
        assert set(rows(chart)["llm_id"]) == {"default", "large", "<script>"}


def test_scores_beyond_0_and_1_are_drawn_in_their_own_range():
    cells = [
        BatchCell(task_index=n, llm_id="a", scores={"points": 40 + n}, cost_usd="1")
        for n in range(5)
    ]
    svg = vl_convert.vegalite_to_svg(
        dari.plot_scores(summary(batch_frame(cells), "points")).to_json()
    )
    assert ">42<" in svg


def test_one_task_has_no_interval_and_is_drawn_all_the_same():
    frame = batch_frame([BatchCell(llm_id="a", scores={"s": 1}, cost_usd="1", latency_s=1.0)])
    for chart in (dari.plot_scores(summary(frame, "s")), dari.plot_cost(frame, "s")):
        assert "<svg" in vl_convert.vegalite_to_svg(chart.to_json())


@pytest.mark.usefixtures("without_altair")
def test_without_altair_there_are_tables_that_say_how_to_get_charts(frame):
    scores, cost, latency = charts(frame)
    assert scores.columns == ["llm_id", "mean correct", "interval"]
    assert scores.rows[0][:2] == ["small", "1"]
    assert cost.rows[0][:2] == ["small", "$0.003"]
    assert latency.rows[0] == ["small", "1.25 s", "1.12 to 1.38 s", "1.48 s", "6"]
    for table in (scores, cost, latency):
        bundle = table.to_mimebundle()
        assert all("pip install 'dari-nb[plot]'" in text for text in bundle.values())
        assert "&lt;script&gt;" in bundle["text/html"]
        assert "<script" not in bundle["text/html"]
        assert repr(table) == bundle["text/plain"]


@pytest.mark.usefixtures("without_altair")
def test_tables_say_unknown_where_there_is_no_interval():
    frame = batch_frame([BatchCell(llm_id="a", scores={"s": 1})])
    assert dari.plot_scores(summary(frame, "s")).rows == [["a", "1", "unknown"]]


def test_why_there_is_no_interval_is_told():
    frame = batch_frame(
        [BatchCell(task_index=n, llm_id="a", cost_usd="0.01", scores={"s": n}) for n in range(12)]
    )
    told = "no interval, over 12 tasks; unknown: all tasks have the same value, which does not tell"
    assert told in str(dari.plot_scores(frame, "cost_usd").to_dict())
    assert "unknown" not in str(dari.plot_scores(frame, "s").to_dict()["title"])


def survivors():
    """One LLM fails where the other is wrong, and the other's first answer has no score."""
    return batch_frame(
        BatchCell(
            task_index=task,
            llm_id=llm,
            repeat=repeat,
            cost_usd="0.01",
            status="failed" if llm == "b" and task % 2 else "completed",
            scores={} if (llm, task, repeat) == ("a", 0, 0) or (llm == "b" and task % 2)
            else {"right": not task % 2},
        )
        for task in range(30)
        for llm in ("a", "b")
        for repeat in range(2)
    )  # fmt: skip


def test_a_chart_says_over_how_many_tasks_each_mean_is_and_how_many_cells_failed():
    said = (
        "a: 30 tasks, 1 of 60 cells without “right”; b: 15 tasks, 30 of 60 cells failed",
        "b: mean 1, 0.796 to 1, $0.01, 30 of 60 cells failed",
    )
    frame = survivors()
    assert summary(frame, "right")["failed"].tolist() == [0, 30]
    for chart in (dari.plot_scores(frame), dari.plot_scores(summary(frame)), dari.plot_cost(frame)):
        drawn = chart.to_dict()
        assert drawn["title"]["subtitle"].endswith(f"; {said[0]}")
        assert said[0] in drawn["description"]
        assert said[1] in rows(chart)["told"].tolist()
    first = frame[frame["task_index"] % 2 == 0]
    told = dari.plot_scores(first).to_dict()["title"]["subtitle"]
    assert told.endswith(", over 15 tasks; a: 1 of 30 cells without “right”")


def test_a_score_that_no_cell_has_is_not_drawn(frame):
    with pytest.raises(InvalidRequestError, match="No cell has a value of 'none'"):
        dari.plot_scores(frame.assign(**{"score.none": None}), "none")


def test_what_cannot_be_drawn_is_told(frame):
    with pytest.raises(InvalidRequestError, match="No cost is known"):
        dari.plot_cost(frame.assign(cost_usd=float("nan")), "correct")
    with pytest.raises(InvalidRequestError, match="Nothing has ended yet"):
        dari.plot_latency(frame.assign(latency_s=float("nan")))
    with pytest.raises(InvalidRequestError, match="no column 'tasks'"):
        dari.plot_scores(pd.DataFrame({"llm_id": ["a"], "score": "x", "mean": 1, "low": 0}))
    with pytest.raises(InvalidRequestError, match="no score 'right'"):
        dari.plot_cost(frame, "right")


def test_charts_are_drawn_and_pictured_without_the_network(frame):
    for chart in charts(frame):
        bundle = chart._repr_mimebundle_()
        assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
        assert bundle["image/svg+xml"].startswith("<svg")
        assert not {"cdn", "src=", "href=", "url("} & set(re.findall(r"\w+[=(]|cdn", str(bundle)))
        assert "small" in bundle["text/plain"]
        assert " role=" not in bundle["text/html"].split("</div>")[0].partition("<svg")[2]


def test_a_chart_that_is_saved_as_a_picture_is_as_wide_as_one_in_static_output(frame, tmp_path):
    for chart in charts(frame):
        chart.save(tmp_path / "chart.svg")
        [width] = re.findall(r'<svg[^>]* width="(\d+)"', (tmp_path / "chart.svg").read_text())
        assert int(width) == 660


def test_where_nothing_draws_them_the_front_end_is_given_a_width(frame, monkeypatch):
    monkeypatch.setattr("dari_nb.resources.batches.matrix.chart.find_spec", lambda name: None)
    for chart in charts(frame):
        bundle = chart._repr_mimebundle_()
        drawn = bundle["application/vnd.vegalite.v5+json"]
        assert drawn["width"] == 660
        [data] = drawn["datasets"].values()
        assert len(data) == len(rows(chart))


def test_a_mark_that_is_pointed_at_says_its_figures_and_names_stay_text(frame):
    html = dari.plot_scores(frame, "correct")._repr_mimebundle_()["text/html"]
    assert "<title>small: mean 1, 0.61 to 1, $0.003</title>" in html
    assert "&lt;script&gt;: mean" in html
    assert "<script" not in html
    assert "<td>large</td><td>0.667</td>" in html


def test_large_numbers_are_written_out_and_small_ones_too():
    cells = [
        BatchCell(task_index=n, llm_id="a", scores={"points": 1000 + 40 * n}, cost_usd="0.0000123")
        for n in range(5)
    ]
    scores = dari.plot_scores(batch_frame(cells), "points")
    costs = dari.plot_cost(batch_frame(cells), "points")
    for chart in (scores, costs):
        told = str(chart._repr_mimebundle_())
        assert not re.search(r"\de[+-]?\d|10³", told)
    assert ">1,080<" in str(scores._repr_mimebundle_())
    assert "$0.0000123" in str(costs._repr_mimebundle_())


def test_a_renderer_that_the_user_chose_is_used(frame):
    with altair.renderers.enable("json"):
        [bundle, _] = charts(frame)[0]._repr_mimebundle_()
    assert set(bundle) == {"application/json", "text/plain"}
