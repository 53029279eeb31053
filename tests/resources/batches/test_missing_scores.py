"""Where a score is missing, or is no number, the sentence says so, and what was counted."""

import json

import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.render.matrix.wording import number_text
from dari_nb.resources import Transcript
from dari_nb.scores import paired_difference


@pytest.fixture
def finding_of(d, folder):
    """What is said of runs that are told by the scores of their models, a list each."""

    def finding_of(**models):
        lines = [
            {
                "task_id": task,
                "model": model,
                "messages": [
                    {"role": "user", "content": f"Q{task}"},
                    {"role": "assistant", "content": "a"},
                ],
                **({} if score == "missing" else {"score": score}),
            }
            for model, scores in models.items()
            for task, score in enumerate(scores)
        ]
        path = folder / "runs.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        return str(d.batches.from_runs(path)).splitlines()[2]

    return finding_of


FEW = ["missing"] * 6 + [1] * 4
ALL = [1, 0, 0, 1, 0, 0, 1, 0, 0, 1]


def test_two_models_are_compared_on_the_few_tasks_that_both_have(finding_of):
    said = finding_of(A=FEW, B=ALL)
    assert said.startswith("On “score”, A has 4 of 4 and B 2 of 4; 4 tasks do not settle which")
    assert (
        "Their scores differ on 2 of 4 tasks. Only the 4 tasks are compared on which all " in said
    )
    assert said.endswith("Without “score”: A in 6 of 10 cells (not scored).")


def test_of_three_one_with_few_scores_leaves_the_others_all_of_their_tasks(finding_of):
    said = finding_of(A=FEW, B=ALL, C=ALL)
    assert said.startswith("No task tells B and C apart on “score”: 4 of 10 each")
    assert "A has it on 4 of 10 tasks and is not compared. Without “score”: A in 6 of" in said
    both = finding_of(A=FEW, B=[*ALL[:9], "missing"], C=ALL)
    assert "Only the 9 tasks are compared on which these have “score”." in both


def test_of_three_each_two_are_compared_on_all_tasks_that_these_have(finding_of):
    strong, weak = [1] * 28 + [0] * 2, [1] * 20 + [0] * 10
    said = finding_of(strong=strong, weak=weak, mid=[1] * 16 + [0] * 6 + ["missing"] * 8)
    assert said.startswith("strong did better than weak and mid on “score”: 22 of 22 against 20 of")
    values = ({task: [score] for task, score in enumerate(of)} for of in (strong, weak))
    ends = paired_difference(*values, level=1 - 0.05 / 3)
    interval = f"interval {number_text(ends.low)} to {number_text(ends.high)}; to mid"
    assert f"(difference to weak +0.27 on 30 tasks, {interval} +0.27 on 22 tasks, " in said
    assert (
        "Their scores differ on 12 of 30 tasks. Figures are of the 22 tasks on which all have "
        "“score”, each difference is of all on which both have it. Without “score”: mid in 8 of "
    ) in said
    assert "Only the" not in said


def test_one_that_is_ahead_only_where_a_third_has_scores_is_not_called_the_better_one(finding_of):
    said = finding_of(
        A=[1] * 16 + [0] * 14, B=[1] * 15 + [0] + [1] * 14, C=[0] * 16 + ["missing"] * 14
    )
    assert said.startswith("A did better than C on “score”: 16 of 16 against 0 of 16; B did better")
    assert "; B did better than C and A, too (" in said
    assert "not settle" not in said
    said = finding_of(A=[1] * 16 + [0] * 14, B=[1] * 30, C=[1] * 16 + ["missing"] * 14)
    assert said.startswith("On “score”, B and C have 16 of 16 each; B did better than A; no task ")
    assert "no task tells B and C apart (difference of B to C 0 on 16 tasks" in said


def test_tasks_that_do_not_settle_it_are_counted_for_each_two(finding_of):
    said = finding_of(
        A=[1] * 16 + [0] * 14, B=[1] * 15 + [0] * 14 + [1], C=[0] * 2 + [1] * 14 + ["missing"] * 14
    )
    assert "16 to 30 tasks do not settle which does best (difference " in said


def test_models_without_a_task_in_common_have_nothing_to_compare(finding_of):
    said = finding_of(A=[1, 1, *["missing"] * 2], B=[*["missing"] * 2, 0, 1])
    assert said == (
        "“score” is there for A (2 of 2) and B (1 of 2), but on no task for all: nothing to "
        "compare. Without “score”: A in 2 of 4 cells and B in 2 of 4 cells (not scored)."
    )


@pytest.mark.parametrize("gap", [float("nan"), None, "missing"])
def test_one_model_that_lacks_a_score_is_told_of_all_its_cells(finding_of, gap):
    said = finding_of(A=[gap, *ALL[1:]])
    assert said.startswith("“score”: 3 of 9 (mean 0.33, ")
    assert said.endswith(", over 9 tasks. Without “score”: A in 1 of 10 cells (not scored).")


@pytest.mark.parametrize(("score", "why"), [("nan", "NaN"), ("inf", "not finite")])
def test_a_score_that_cannot_be_counted_with_is_named(d, score, why):
    runs = [
        Transcript.from_messages(
            [{"role": "user", "content": "Q"}], llm="A", metadata={"task": task, "right": right}
        )
        for task, right in enumerate([score, "1", "0"])
    ]
    said = str(d.batches.from_runs(runs, task="task", score_columns=["right"]))
    assert f"Without “right”: A in 1 of 3 cells ({why})." in said


def test_one_score_that_is_no_number_is_named_as_what_is_in_the_way(finding_of, d):
    said = finding_of(A=[*ALL[:3], "good", *ALL[4:]], B=ALL)
    assert said == (
        "“score” has no mean: 1 of its 20 values is no number (“good” of A on task 3). "
        "Nothing is compared by it."
    )
    with pytest.raises(InvalidRequestError, match="has no mean"):
        d.batches.from_runs("runs.jsonl").summary("score")
    said = finding_of(A=["x"] * 6 + ALL[:4], B=ALL)
    assert "6 of its 20 values are no numbers (“x” of A on task 0, " in said
    assert " and 2 more). Nothing" in said


def test_scores_that_are_words_everywhere_are_labels_and_nothing_is_wrong_with_them(finding_of):
    assert finding_of(A=["calm", "loud"]) == "0  0"  # the first task, and nothing above it


def test_words_where_a_score_is_meant_are_named_in_the_head(finding_of, d):
    finding_of(A=["calm", "loud"], B=["calm", "calm"])
    matrix = d.batches.from_runs("runs.jsonl")
    assert matrix.notes == ["“score” holds words and is no score"]
    assert "“score” holds words and is no score" in str(matrix).splitlines()[0]
    asked = str(d.batches.from_runs("runs.jsonl", score_columns="score"))
    assert "“score” holds words alone: it has no mean, and nothing is compared by it." in asked


def test_true_and_false_as_words_are_yes_and_no(finding_of):
    said = finding_of(A=["true", "False", "true"], B=["false", "false", "false"])
    assert said.startswith("On “score”, A has 2 of 3 and B 0 of 3; 3 tasks do not settle")


def test_a_note_without_a_rating_is_no_rating_that_could_not_be_given(d, server):
    @server.agent("noted", llms=["small", "large"])
    def noted(prompt, turn):
        return f"{prompt} {turn.llm_id}"

    batch = d.batches.run("noted", [f"Q{n}" for n in range(6)], ["small", "large"]).wait(60)
    for cell in batch.cells[:-1]:
        batch.rate(cell, "rating", 4 if cell.llm == "small" else 2)
    last = batch.cells[-1]
    batch.rate(last, "rating", None, "read again")
    assert last.llm == "large"
    assert "; 1 of 6 cells" not in str(batch)
    assert "could not be scored" not in str(batch)
    assert batch.to_frame()["note.rating"].dropna().tolist() == ["read again"]
