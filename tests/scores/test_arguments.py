"""What makes no sense is refused by one sentence that says what is wanted."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.scores import (
    Score,
    ScoreBook,
    holm,
    mean,
    paired_difference,
    pass_at_k,
    pass_hat_k,
    pass_rates,
    run_scores,
    score_each,
    summary,
    wilson,
    win_rate,
    win_rates,
)

TASKS = {"a": [1, 0], "b": [1, 1], "c": [0, 0]}
ESTIMATES = {
    "mean": mean,
    "first": lambda tasks: paired_difference(tasks, TASKS),
    "second": lambda tasks: paired_difference(TASKS, tasks),
    "win_rate": lambda tasks: win_rate(tasks, TASKS),
    "pass_at_k": lambda tasks: pass_at_k(tasks, 1),
    "pass_hat_k": lambda tasks: pass_hat_k(tasks, 1),
}
FRAME = pd.DataFrame(
    {
        "llm_id": ["a", "a", "b", "b"],
        "task_index": [0, 1, 0, 1],
        "score.x": [1, 0, 1, 1],
        "score.words": ["good", "bad", "good", "fair"],
        "score.mixed": [True, "x", 1, 0],
    }
)


def refused(call, match: str) -> None:
    with pytest.raises(InvalidRequestError, match=match) as found:
        call()
    assert len(str(found.value)) < 300
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("estimate", ESTIMATES)
@pytest.mark.parametrize("tasks", [None, "text", [1, 2]])
def test_values_that_are_not_by_task_are_refused(estimate: str, tasks: object) -> None:
    refused(lambda: ESTIMATES[estimate](tasks), 'Wanted are values by task, such as {"task 1"')


@pytest.mark.parametrize("estimate", ESTIMATES)
@pytest.mark.parametrize("values", [5, "yes", {1: 2}])
def test_values_of_a_task_that_are_no_list_are_refused(estimate: str, values: object) -> None:
    refused(lambda: ESTIMATES[estimate]({"a": values}), "the values of 'a' are a list, not")


@pytest.mark.parametrize("level", [None, "0.95", math.nan])
def test_levels_that_are_none_are_refused(level: object) -> None:
    for call in (mean, lambda v, **o: paired_difference(v, v, **o)):
        refused(lambda call=call: call(TASKS, level=level), "level must be between 0 and 1")
    refused(lambda: wilson(1, 2, level=level), "level must be between 0 and 1")


@pytest.mark.parametrize("k", [None, -1, 1.5])
def test_k_is_a_whole_number_from_1_on(k: object) -> None:
    refused(lambda: pass_at_k(TASKS, k), "k must be at least 1, a whole number, not")
    refused(lambda: pass_rates(FRAME, "x", [k]), "k must be at least 1, a whole number, not")


@pytest.mark.parametrize("passing", ["x", math.nan])
def test_passing_is_a_number(passing: object) -> None:
    refused(lambda: pass_at_k(TASKS, 1, passing=passing), "passing must be a number")


@pytest.mark.parametrize("draws", [None, 0, 1.5])
def test_draws_and_seeds_are_whole_numbers(draws: object) -> None:
    refused(lambda: mean(TASKS, method="bootstrap", draws=draws), "draws must be at least 1")
    for seed in (None, -1, "x", 1.5):
        refused(lambda seed=seed: mean(TASKS, seed=seed), "seed must be at least 0")


@pytest.mark.parametrize("kind", ["x", "label"])
def test_a_kind_is_one_that_has_a_mean_and_fits(kind: object) -> None:
    refused(lambda: mean({"a": [3], "b": [1]}, kind=kind), "kind must be one of 'yes/no', ")
    refused(lambda: mean({"a": [3], "b": [1]}, kind="yes/no"), "all 0 or 1")


@pytest.mark.parametrize(("successes", "total"), [("1", 2), (3, 2), (1, 0)])
def test_more_successes_than_trials_are_refused(successes: object, total: object) -> None:
    refused(lambda: wilson(successes, total), "must be")


@pytest.mark.parametrize("p_values", [0.5, "0.5"])
def test_p_values_are_a_list(p_values: object) -> None:
    refused(lambda: holm(p_values), "Wanted is a list of p-values")


TABLES = {"summary": summary, "win_rates": win_rates, "pass_rates": pass_rates}


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_made_of_frames_that_have_their_columns(table: str) -> None:
    made = TABLES[table]
    for frame in (None, "text", [], {}, 5, FRAME["score.x"], FRAME.to_dict("records")):
        refused(lambda frame=frame: made(frame, "x"), "a DataFrame with one row a cell")
    for name in ("llm_id", "task_index"):
        lacking = FRAME.drop(columns=name)
        refused(lambda frame=lacking, name=name: made(frame, "x"), f"no column '{name}'; there is")
    for by in (5, ["llm_id"], ""):
        refused(lambda by=by: made(FRAME, "x", by=by), "The frame has no column")


@pytest.mark.parametrize("table", TABLES)
def test_scores_that_are_words_are_refused_in_every_table(table: str) -> None:
    for name in ("words", "mixed"):
        refused(lambda name=name: TABLES[table](FRAME, name), f"The score '{name}' has no mean")
    words = FRAME[["llm_id", "task_index", "score.words"]]
    refused(lambda: summary(words), "no score that is a number: there is score.words")


@pytest.mark.parametrize("score", [5, "nope"])
def test_a_score_that_there_is_not_is_refused(score: object) -> None:
    for made in TABLES.values():
        refused(lambda made=made: made(FRAME, score), "score")
    refused(lambda: win_rates(FRAME, ["x", 5]), "A score is named by a text, not by int")


@pytest.mark.parametrize("ks", [3, "12"])
def test_numbers_of_tries_are_a_list(ks: object) -> None:
    refused(lambda: pass_rates(FRAME, "x", ks), "Wanted is a list of numbers of tries")


def test_what_cannot_be_scored_is_refused(tmp_path) -> None:
    for turns in (None, "text", 5, [1], {"a": 1}):
        refused(lambda turns=turns: list(score_each(turns, len)), "functions that make the turns")
    for cells in (None, "text", 5, [1], [None]):
        refused(lambda cells=cells: run_scores(cells, "x", len), "a list of cells, such as batch")
    for workers in (None, 0, "x", 1.5):
        refused(lambda n=workers: list(score_each([], len, workers=n)), "workers must be at least")
    for path in (None, 5, b"x", ""):
        refused(lambda path=path: ScoreBook(path), "A book of scores is a file")
    book = ScoreBook(tmp_path / "book.jsonl")
    for scores in (None, 5, "x", ["x"], [{"name": "x"}], Score(name="x", value=1)):
        refused(lambda scores=scores: book.add(scores), "Wanted is a list of scores")
    assert not book.path.exists()
