"""Scores whose scale is known: what tells their intervals, and what they may be compared with."""

import json
import re

import pandas as pd
import pytest
import vl_convert

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.render.plain.words import figure_text
from dari_nb.scores import agreement, calibrated, summary, win_rates

LLMS = ["mild", "strict"]
RATINGS = {"mild": (5, 5, 4, 5), "strict": (1, 5, 1, 1)}
SCALES = {"rating": (1, 5), "judge.hi": (1, 5), "judge.ten": (0, 10), "right": (0, 1)}


def number_in(prompt):
    return int(re.search(r"answer (\d+)", prompt)[1])


def judging(score):
    """An agent that gives an answer the score that belongs to its number."""
    return lambda prompt: json.dumps({"reason": "so", "score": score(number_in(prompt))})


@pytest.fixture
def writer(server):
    @server.agent("writer", llms=LLMS)
    def writer(prompt, turn):
        return f"answer {prompt}"

    server.agent("hi")(judging(lambda number: 5 - (number == 0)))
    server.agent("ten")(judging(lambda number: 10 - (number == 0)))
    server.agent("five")(judging(lambda number: 1 + number % 5))
    server.agent("hundred")(judging(lambda number: 20 * (1 + number % 5)))


@pytest.fixture
def batch(d, writer):
    made = d.batches.run("writer", [str(n) for n in range(4)], LLMS).wait(60)
    made.judge("hi", "hi", rubric="Is it good?")
    made.judge("ten", "ten", rubric="Is it good?", scale=(0, 10))
    made.score("right", lambda turn: turn.text.endswith(("0", "2")))
    for llm, values in RATINGS.items():
        for task, value in enumerate(values):
            made.rate((task, llm), "rating", value)
    return made


def shown(low, high):
    return f"{figure_text(low)} to {figure_text(high)}"


@pytest.mark.parametrize("score", SCALES)
def test_whatever_tells_the_interval_of_a_mean_tells_the_same_one(batch, score):
    low, high = SCALES[score]
    told = batch.summary(score)
    ends = [tuple(row) for row in told[["low", "high"]].itertuples(index=False)]
    assert all(low <= a < b <= high for a, b in ends)
    assert any(b == high or a == low for a, b in ends) or score == "right"
    for made in (summary(batch, score), summary(batch.to_frame(), f"score.{score}")):
        assert made[["low", "high"]].equals(told[["low", "high"]])
    assert summary(dari.batch_frame(batch), score)["high"].equals(told["high"])

    bundle = batch.to_mimebundle()
    [heads] = [line for line in bundle["text/markdown"].splitlines() if line.startswith("| Task")]
    on_page = re.findall(rf"\b{score} [^(·]*\(([^)]*? to [^)]*?)\)", heads.replace("of 4; ", ""))
    in_words = [shown(*each) for each in ends]
    assert [text.rpartition(", ")[2] for text in on_page] == in_words
    html = re.sub(r"<svg.*?</svg>|</?(?:b|span)[^>]*>", "", bundle["text/html"])
    assert [
        re.search(r"\S+ to \S+$", text)[0]
        for text in re.findall(rf'class="dari-mean">{score} ([^<]*)<', html)
    ] == in_words

    drawn = batch.plot(score).to_dict()
    [rows] = drawn["datasets"].values()
    assert [(row["low"], row["high"]) for row in rows] == ends
    assert [row["interval_told"] for row in rows] == in_words
    assert all(text in row["told"] for row, text in zip(rows, in_words, strict=True))


def test_a_difference_is_no_wider_than_the_scale_wherever_it_is_told(d, batch):
    for given in (batch, batch.to_frame()):
        [row] = win_rates(given, "rating").to_dict("records")
        assert (row["difference"], row["difference_high"]) == (2.75, 4)
    view = batch.view(baseline="strict", score="rating")
    assert re.search(r"interval (\S+) to 4\b", re.sub("<[^>]*>", "", view.against))
    later = d.batches.run("writer", [str(n) for n in range(4)], LLMS, new_run=True).wait(60)
    for task, value in enumerate(RATINGS["mild"]):
        later.rate((task, "strict"), "rating", value)
    told = dari.compare_batches(batch, later).differences("rating")
    assert told["high"].dropna().tolist() == [4]


@pytest.mark.parametrize("score", ["rating", "judge.hi", "judge.ten"])
def test_a_chart_begins_and_ends_where_the_scale_does(batch, score):
    drawn = batch.plot(score).to_dict()
    scales = vl_convert.vegalite_to_vega({**drawn, "width": 600})["scales"]
    [across] = [scale for scale in scales if scale["name"] == "x"]
    assert (across["domain"], across["zero"]) == (list(SCALES[score]), False)


def test_a_chart_of_a_summary_is_that_of_the_batch(batch):
    by_hand = dari.plot_scores(batch.summary("judge.ten")).to_dict()
    assert by_hand["layer"][1]["encoding"]["x"]["scale"]["domain"] == [0, 10]


@pytest.fixture
def many(d, writer):
    made = d.batches.run("writer", [str(n) for n in range(30)], ["mild"]).wait(60)
    made.judge("five", "five", rubric="Is it good?")
    made.judge("hundred", "hundred", rubric="Is it good?", scale=(0, 100))
    for n in range(30):
        made.rate((n, "mild"), "rating", 1 + n % 5)
        made.rate((n, "mild"), "ten", 2 * (1 + n % 5))
    return made


@pytest.mark.parametrize("function", [agreement, calibrated])
@pytest.mark.parametrize(("judge", "rating"), [("judge.five", "ten"), ("judge.hundred", "rating")])
def test_scores_of_two_scales_are_refused(many, function, judge, rating):
    for given in (many, many.to_frame()):
        with pytest.raises(InvalidRequestError) as refused:
            function(given, judge, rating)
        assert refused.value.code == "not_comparable"
    frame = many.to_frame()
    frame["score.good"] = frame[f"score.{judge}"] * (2 if rating == "ten" else 1 / 20)
    assert function(frame, "good", rating) is not None


LOST = "; its scale is not known here"


@pytest.mark.parametrize("way", ["csv", "concat"])
def test_a_frame_that_has_lost_the_scale_of_a_judge_tells_that_in_each_why(many, tmp_path, way):
    whole = many.to_frame()
    assert "not known" not in summary(whole, "judge.hundred")["why"].iloc[0]
    if way == "csv":
        whole.to_csv(tmp_path / "kept.csv", index=False)
        lost = pd.read_csv(tmp_path / "kept.csv")
    else:
        rest = whole.iloc[15:].copy()
        rest.attrs = {"scales": {"judge.other": (0, 2)}}
        lost = pd.concat([whole.iloc[:15], rest])
    lost["half"] = ["one", "two"] * 15
    lost["task_index"] //= 2
    assert summary(lost, "judge.hundred")["why"].iloc[0].endswith(LOST)
    [row] = win_rates(lost, "judge.hundred", by="half").to_dict("records")
    assert row["difference_why"].endswith(LOST)
    assert LOST not in row["win_why"]
    found = agreement(lost, "judge.hundred", "ten").to_frame()
    whys = found.loc[found["low"].notna(), "why"]
    assert len(whys) > 5
    assert whys.str.endswith(f"; judge.hundred: {LOST.removeprefix('; ')}").all()
    assert calibrated(lost, "judge.hundred", "ten")["why"].str.endswith(LOST[2:]).all()
    lost.attrs["scales"] = {"judge.hundred": (0, 100)}
    assert LOST not in summary(lost, "judge.hundred")["why"].iloc[0]
    assert LOST not in summary(lost, "rating")["why"].iloc[0]
    with pytest.raises(InvalidRequestError) as refused:
        agreement(lost, "judge.hundred", "rating")
    assert refused.value.code == "not_comparable"
    few = summary(lost[lost["task_index"] < 2], "judge.hundred")
    assert (few["low"].iloc[0], few["high"].iloc[0]) == (0, 100)


@pytest.mark.parametrize("function", [agreement, calibrated])
def test_a_judge_of_a_wider_scale_that_gave_0_and_1_alone_is_no_yes_or_no(many, server, function):
    server.agent("least")(judging(lambda number: int(number % 5 > 2)))
    many.judge("least", "least", rubric="Is it good?", scale=(0, 10))
    many.judge("sure", "least", rubric="Is it good?", scale=(0, 1))
    many.score("part", lambda turn: (1 + int(turn.text.split()[-1]) % 5) / 5)
    for n in range(30):
        many.rate((n, "mild"), "fine", n % 5 > 2)
    with pytest.raises(InvalidRequestError) as refused:
        function(many, "judge.least", "fine")
    assert refused.value.code == "not_comparable"
    assert function(many, "judge.sure", "fine") is not None


def test_a_scale_that_only_the_values_of_a_judge_tell_is_said_to_be_no_more_than_that(many):
    frame = many.to_frame()
    assert "scale" not in summary(frame, "judge.five")["why"].iloc[0]
    frame.attrs = {}
    told = summary(frame, "judge.five")["why"].iloc[0]
    assert told.endswith("; taken for 1 to 5, as its scale is not known here")
    found = agreement(frame, "judge.five", "rating")
    assert found.exact.why.endswith("judge.five: taken for 1 to 5, as its scale is not known here")
    frame["score.judge.yes"] = frame["score.judge.five"] >= 4
    assert "scale" not in summary(frame, "judge.yes")["why"].iloc[0]
