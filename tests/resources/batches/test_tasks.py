import json

import pandas as pd
import pytest

from dari_nb.errors import InvalidRequestError
from dari_nb.resources.batches.tasks import read_tasks

ROWS = [
    {"prompt": "What is a closure?", "level": 1, "tags": None},
    {"prompt": "And a monad,\nin a line?", "level": 2, "tags": "hard"},
]
READ = [
    ("What is a closure?", {"level": "1"}),
    ("And a monad,\nin a line?", {"level": "2", "tags": "hard"}),
]


def read(tasks, **options):
    return [(task.text, dict(task.metadata)) for task in read_tasks(tasks, **options)]


def test_dicts_frames_and_files_are_read_the_same(folder):
    pd.DataFrame(ROWS).to_csv("tasks.csv", index=False, encoding="utf-8-sig")
    (folder / "tasks.jsonl").write_text("\n".join(map(json.dumps, ROWS)) + "\n\n")
    forms = [ROWS, iter(ROWS), pd.DataFrame(ROWS), "tasks.csv", folder / "tasks.jsonl"]
    assert [read(form) for form in forms] == [READ] * len(forms)
    keys = [[task.key for task in read_tasks(form)] for form in (ROWS, "tasks.jsonl")]
    assert keys[0] == keys[1]


def test_texts_series_and_content_blocks_are_tasks():
    blocks = [{"type": "text", "text": "Look"}, {"type": "file", "file_id": "file_1"}]
    assert read(["Hi", blocks]) == [("Hi", {}), ("Look", {})]
    assert read_tasks([blocks])[0].content == blocks
    assert read_tasks([{"content": blocks}])[0].content == blocks
    assert read(pd.Series(["Hi"])) == [("Hi", {})]


def test_the_prompt_may_be_in_another_column():
    frame = pd.DataFrame({"question": ["Hi"], "prompt": ["not this"]})
    assert read(frame, prompt="question") == [("Hi", {"prompt": "not this"})]
    with pytest.raises(
        InvalidRequestError, match=r"tasks\[0\]: It has no 'text'.*question, prompt"
    ):
        read(frame, prompt="text")


def test_metadata_becomes_text_and_that_of_the_task_wins():
    task = {"prompt": "Hi", "score": 1.5, "path": ["a", 1], "metadata": {"by": "me", "ok": True}}
    assert read([task], metadata={"by": "all", "term": "2026"}) == [
        ("Hi", {"by": "me", "term": "2026", "score": "1.5", "path": '["a", 1]', "ok": "True"})
    ]


def test_the_same_task_has_the_same_key_and_another_another(folder):
    (folder / "a.txt").write_text("one")
    task = {"prompt": "Hi", "metadata": {"x": "1", "y": "2"}, "files": ["a.txt"]}
    turned = {"files": "a.txt", "metadata": {"y": 2, "x": 1}, "prompt": "Hi"}
    others = [
        {**task, "prompt": "Ho"},
        {**task, "metadata": {"x": "1"}},
        {**task, "files": []},
    ]
    key = read_tasks([task])[0].key
    assert read_tasks([turned])[0].key == key
    assert key not in {task.key for task in read_tasks(others)}
    (folder / "a.txt").write_text("two")
    assert read_tasks([task])[0].key != key


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({"prompt": "x"}, "put a single one into a list"),
        (7, "put a single one into a list"),
        ("missing.csv", "missing.csv cannot be read"),
        ("broken.jsonl", "broken.jsonl cannot be read"),
        ([{"prompt": "x", "metadata": "y"}], r"tasks\[0\]"),
        ([{"prompt": "x", "files": 3}], r"tasks\[0\]"),
        ([{"prompt": None}], r"tasks\[0\]"),
        ([{"prompt": "x", "task_key": 1}], "task_key"),
    ],
)
def test_what_is_no_task_is_refused_with_its_place(folder, tasks, message):
    (folder / "broken.jsonl").write_text('{"prompt": "x"}\n{"prompt"')
    with pytest.raises(InvalidRequestError, match=message):
        read_tasks(tasks)
