"""Scores that are the same but for roundings, or for how yes is written, are so everywhere."""

import pytest

from dari_nb.scores import summary, win_rates


@pytest.fixture
def scored(d, server):
    """A batch of two LLMs whose score on each task is what is given."""

    def scored(tasks, score, run_id=None):
        server.agent("pair", llms=["A", "B"])(lambda prompt, turn: f"{turn.llm_id} {prompt}")
        names = [f"t {task}" for task in range(tasks)]
        batch = d.batches.run("pair", names, ["A", "B"], run_id=run_id).wait(60)

        def of(turn):
            llm, _, task = turn.text.split()
            return score(int(task), llm == "A")

        batch.score("s", of)
        return batch

    return scored


def test_what_rounding_alone_tells_apart_is_a_tie_everywhere(scored):
    batch = scored(6, lambda t, is_a: t + (0.1 + 0.2 if is_a else 0.3) if t else 0.3 - is_a * 5e-17)
    [row] = win_rates(batch, "s").to_dict("records")
    assert (row["win_rate"], row["difference"]) == (0.5, 0)
    assert batch.summary("s")["mean"].to_list() == pytest.approx([2.8, 2.8])
    view = batch.view(baseline="B", score="s")
    view.where = "differs = s"
    assert not len(batch.selection)


@pytest.mark.parametrize("score", [lambda t, is_a: is_a and 1])
def test_yes_and_no_beside_1_and_0_is_one_score_everywhere(scored, score):
    batch = scored(20, score)
    assert {type(cell.scores["s"]) for cell in batch.cells} == {bool, int}
    assert batch.summary("s")["mean"].to_list() == [1, 0]
    assert summary(batch.to_frame(), "s")["mean"].to_list() == [1, 0]
    assert win_rates(batch, "s")["win_rate"].item() == 1
