"""Texts as people have them: very long ones, and those of a frame."""

import numpy as np
import pytest

LLMS = ["small", "large"]


@pytest.fixture
def writer(server):
    @server.agent("writer", llms=[*LLMS, "third"])
    def writer(prompt):
        return f"About {prompt}"


@pytest.mark.usefixtures("writer")
def test_llms_of_a_frame_are_scored_rated_and_added_like_any(d, again):
    batch = d.batches.run("writer", ["one", "two"], np.array(LLMS)).wait(60)
    batch.add(llms=np.array(["third"])).wait(60)
    batch.score("right", lambda turn: "one" in turn.text)
    batch.rate((0, "small"), "rating", 4)
    batch.rate((0, "third"), "rating", 2)
    batch = again().batches[batch.run_id]
    assert [cell.scores["right"] for cell in batch.cells] == [True] * 3 + [False] * 3
    ratings = [batch[0, llm].scores["rating"] for llm in ("small", "third")]
    assert ratings == [4, 2]
    assert {type(column.llm) for column in batch.columns} == {str}
