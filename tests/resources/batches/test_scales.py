"""Scores whose scale is known: what tells their intervals, and what they may be compared with."""

import json
import re

import pytest

import dari_nb as dari
from dari_nb.errors import InvalidRequestError
from dari_nb.render.plain.words import figure_text
from dari_nb.scores import agreement, calibrated, summary

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


@pytest.mark.parametrize("score", ["rating", "judge.ten"])
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
@pytest.mark.parametrize(("judge", "rating"), [("judge.hundred", "rating")])
def test_scores_of_two_scales_are_refused(many, function, judge, rating):
    for given in (many, many.to_frame()):
        with pytest.raises(InvalidRequestError) as refused:
            function(given, judge, rating)
        assert refused.value.code == "not_comparable"
    frame = many.to_frame()
    frame["score.good"] = frame[f"score.{judge}"] * (2 if rating == "ten" else 1 / 20)
    assert function(frame, "good", rating) is not None
