"""``%%dari_batch``: each task of the cell goes to each LLM."""

import pytest

CELL = "%%dari_batch listener --llm small --llm large -o batch {}\n{}"


@pytest.fixture
def failing(server):
    """An agent that fails at bad prompts while the list is empty."""
    succeeds = []

    @server.agent("failing")
    def failing(prompt):
        if prompt == "bad" and not succeeds:
            raise ValueError("no luck")
        return "an answer"

    return succeeds


def test_batch_sends_each_task_to_each_llm(kernel, heard):
    result = kernel.run(CELL.format("", "one?\n\n  two {1 + 1}\n# a comment"))
    assert sorted(heard) == ["one?", "one?", "two {1 + 1}", "two {1 + 1}"]
    assert result.static("large heard you")
    assert kernel.value("batch.counts") == {"completed": 4}
    assert (
        kernel.value("[cell.text for cell in batch.cells]")
        == [
            "small heard you",
            "large heard you",
        ]
        * 2
    )


def test_same_cell_again_sends_nothing(kernel, heard):
    cell = CELL.format("", "again")
    for options, sent in (("", 2), ("", 2), ("--new-run", 4)):
        kernel.run(cell.replace("-o", f"{options} -o"))
        assert len(heard) == sent


@pytest.mark.parametrize(
    ("options", "prompts"),
    [
        ("--llm small,large", ["x"] * 2),
        ("--llm small --repeats 3", ["x"] * 3),
        ("--llm small --meta who=me --quiet", ["x"]),
        ("", ["x"]),
    ],
)
def test_batch_options_multiply_tasks(kernel, heard, options, prompts):
    kernel.run(f"%%dari_batch listener --new-run {options}\nx")
    assert heard == prompts


def test_rules_separate_tasks_of_several_lines(kernel, heard):
    kernel.run("word = 'three'\n")
    kernel.run("%%dari_batch listener\n# one\ntwo\n---\n{word}\n---")
    assert sorted(heard) == ["# one\ntwo", "three"]


@pytest.mark.parametrize("source", ["tasks", "frame --prompt question", "t.csv --prompt question"])
def test_tasks_come_from_variable_or_file(kernel, heard, folder, source):
    (folder / "t.csv").write_text("question,level\nfirst?,1\nsecond?,2\n")
    kernel.run("import pandas as pd\ntasks = ['first?', 'second?']\nframe = pd.read_csv('t.csv')")
    kernel.run(f"batch = %dari_batch listener --new-run --tasks {source}")
    assert sorted(heard) == ["first?", "second?"]
    assert len(kernel.value("[cell.text for cell in batch.cells]")) == 2


def test_dry_run_shows_plan_and_sends_nothing(kernel, heard):
    result = kernel.run("%%dari_batch listener --llm small,large --dry-run -o plan\nnew\nother")
    assert kernel.value("plan.sends") == 4
    assert result.outputs
    assert heard == []


def test_failed_cells_are_shown_and_retried(kernel, failing):
    result = kernel.run("%%dari_batch failing -o batch\ngood\nbad")
    assert result.bundles("no luck")
    assert kernel.value("batch.counts") == {"completed": 1, "failed": 1}
    failing.append(True)
    kernel.run("batch.retry_failed().wait()")
    assert kernel.value("batch.counts") == {"completed": 2}


def test_background_batch_completes_its_output(kernel, gate):
    result = kernel.run("%%dari_batch gated --bg -o batch\nBackground")
    assert kernel.value("batch.counts.get('completed', 0)") == 0
    gate.opened.set()
    kernel.until(lambda: result.bundles("the second part"))
