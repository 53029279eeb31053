"""Every condition that a help text, a docstring or the README shows can be typed as it stands."""

import re
from pathlib import Path

import pytest

import dari_nb
from dari_nb.magics.ways import WAYS
from dari_nb.scores.scoring import score_of

PACKAGE = Path(dari_nb.__file__).parent
ROOT = PACKAGE.parent
FILES = [*sorted(PACKAGE.rglob("*.py")), ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ABOUT = re.compile(r"^( +)where: (.*?)(?=^\1\w+: |\"\"\"|^\s*$)", re.DOTALL | re.MULTILINE)
"""What a docstring says of conditions."""
AS_CODE = re.compile(r"``([^`]+)``")


def shown():
    """Give the conditions that people read."""
    yield from re.findall(r"Its field finds, such as ([^;]+);", WAYS["batch"])
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        told = re.findall(r'\bwhere="([^"{}]+)"', text)
        told += [one for about in ABOUT.finditer(text) for one in AS_CODE.findall(about[2])]
        yield from filter(re.compile(r"\w ?[<>=:]+ ?\S").search, told)


SHOWN = sorted(set(shown()))


@pytest.fixture
def batch(d, server):
    @server.agent("triage", llms=["small", "large"])
    def triage(prompt):
        return "low"

    tasks = [{"prompt": "The site is down", "topic": "web"}, {"prompt": "Hi", "topic": "mail"}]
    batch = d.batches.run("triage", tasks, ["small", "large"]).wait(60)
    batch.score("right", lambda turn: turn.llm_id == "small")
    batch.score("exact", lambda turn: turn.llm_id == "small")
    cells = batch.cells
    batch.book.add([score_of(cell, "judge.helpful", batch.run_id, value=3) for cell in cells])
    return batch


def test_some_are_shown_in_each_place():
    assert {"exact = no llm = small", "column = small", "topic = travel", "exact = no"} < {*SHOWN}
    assert len(SHOWN) > 10


def test_what_is_shown_is_no_misreading(batch):
    for where in SHOWN:
        batch.view(where=where, baseline="small")
