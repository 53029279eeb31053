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


def test_the_default_llm_has_a_name(frame):
    nameless = frame.assign(llm_id=frame["llm_id"].where(frame["llm_id"] != "small"))
    for chart in charts(nameless):
        assert set(rows(chart)["llm_id"]) == {"default", "large", "<script>"}


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


def test_a_renderer_that_the_user_chose_is_used(frame):
    with altair.renderers.enable("json"):
        [bundle, _] = charts(frame)[0]._repr_mimebundle_()
    assert set(bundle) == {"application/json", "text/plain"}
