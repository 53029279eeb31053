"""What cells took in tokens: in frames, in matrices of them, in means, and side by side."""

import pandas as pd
import pytest

import dari_nb as dari
from dari_nb.local import Usage

TOKENS = ["input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens"]


@pytest.fixture
def batch(d, server):
    """Two tasks with two LLMs, of which the large one thinks, and one that tells nothing."""

    @server.agent("counted", llms=["small", "large", "quiet"])
    def counted(prompt, turn):
        thought = {"small": 0, "large": 64}
        if turn.llm_id in thought:
            reasoning = thought[turn.llm_id]
            written = len(prompt) + reasoning
            yield Usage(input_tokens=10, output_tokens=written, reasoning_tokens=reasoning)
        yield "Done."

    tasks = [{"prompt": "a", "topic": "x"}, {"prompt": "bb", "topic": "y"}]
    llms = ["small", "large", "quiet"]
    return d.batches.run("counted", tasks, llms=llms).wait(60)


def test_each_cell_has_its_tokens_and_none_where_nobody_told(batch):
    frame = batch.to_frame()
    start = list(frame.columns).index("cost_exact") + 1
    assert list(frame.columns)[start : start + 4] == TOKENS
    assert {str(dtype) for dtype in frame[TOKENS].dtypes} == {"Int64"}
    by_llm = frame.groupby("llm_id", observed=True)[TOKENS].sum(min_count=1)
    assert by_llm.loc["small"].to_list() == [20, 3, pd.NA, pd.NA]
    assert by_llm.loc["large"].to_list() == [20, 2 * 64 + 3, pd.NA, 2 * 64]
    assert by_llm.loc["quiet"].isna().all()
    assert batch[1, "large"].usage == {
        "input_tokens": 10,
        "output_tokens": 66,
        "reasoning_tokens": 64,
    }
    assert batch[1, "quiet"].usage == {}


def test_a_column_of_tokens_is_laid_out_and_summed_up_as_a_score_is(batch):
    laid = batch.pivot("output_tokens")
    assert laid["large"].to_list() == [65, 66]
    assert laid["quiet"].isna().all()
    means = batch.summary("output_tokens").set_index("llm_id")
    assert means["mean"].to_list()[:2] == [1.5, 65.5]
    assert means["missing"].to_list() == [0, 0, 2]


def test_cells_side_by_side_tell_what_they_took(batch):
    told = str(batch.compare((1, "small"), (1, "large")))
    assert "10 tokens in · 2 out" in told
    assert "10 tokens in · 66 out · 64 thought" in told
    assert "Used" not in str(batch.compare((0, "quiet"), (1, "quiet")))


def test_what_was_asked_later_counts_where_sessions_are_conversations_and_copies_nowhere(d, batch):
    cell = batch[0, "small"]
    later = cell.session.send("ccc").wait()
    assert batch.to_frame()["output_tokens"].sum() == 3 + 3 + 2 * 64
    fork = later.again("dddd").wait().session
    found = d.batches.from_runs([cell.session, fork], task="topic")
    assert found.to_frame()["output_tokens"].to_list() == [1 + 3, 4]
    messages = dari.messages_frame(found, dari=d)
    assert messages["output_tokens"].sum() == 1 + 3 + 4


def test_a_batch_that_is_taken_up_again_has_them_too(d, batch):
    again = d.batches.recover(batch.run_id).wait(60).to_frame()
    assert again[TOKENS].equals(batch.to_frame()[TOKENS])
