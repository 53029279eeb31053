"""A Dari that is elsewhere: a process of its own, which notes what its agents are asked.

Run with the file for the notes, and its key in the environment.
"""

import os
import sys
import time
from decimal import Decimal
from pathlib import Path

from dari_nb.local import Draft, LocalDari, NewAttempt, Reasoning, ToolCall, ToolResult, Usage

noted = Path(sys.argv[1])
server = LocalDari(api_key=os.environ["KEY"])


def note(prompt):
    with noted.open("a") as file:
        file.write(f"{prompt}\n")


@server.agent("guide", llms=["small", "large"], description="Shows around.")
def guide(prompt, turn):
    note(prompt)
    yield Draft("Hm", "reasoning")
    yield Draft("One ")
    yield Draft("moment.")
    yield Reasoning("Hm.")
    yield "One moment."
    yield NewAttempt("the line was busy")
    call = yield ToolCall("look", {"at": prompt})
    yield ToolResult({"seen": len(turn.history)}, tool_call_id=call)
    yield Usage(Decimal("0.01"), input_tokens=20, output_tokens=5)
    if prompt == "fail":
        raise ValueError("It cannot.")
    yield f"Answer to {prompt} from {turn.llm_id}"


@server.agent("shop")
def shop(prompt):
    note(prompt)
    tea, milk = yield (
        ToolCall("stock", {"of": "tea"}, external=True),
        ToolCall("stock", {"of": "milk"}, external=True),
    )
    yield f"{tea.result} tea, {milk.result} milk"
    if prompt == "once more":
        more = yield ToolCall("stock", {"of": "bread"}, external=True)
        yield f"{more.result} bread"


@server.agent("reader")
def reader(prompt, turn):
    note(prompt)
    yield f"{turn.files[0].name}: {turn.files[0].text}"


@server.agent("writer")
def writer(prompt, turn):
    note(prompt)
    (turn.workspace / "out").mkdir(exist_ok=True)
    (turn.workspace / "out" / "report.txt").write_text(f"Report of {prompt}")
    yield "Written."


@server.agent("slow")
def slow(prompt):
    note(prompt)
    yield ToolCall("look", {"at": prompt})
    yield ToolResult("seen")
    yield Draft("Half ")
    while not noted.with_name("go on").exists():
        time.sleep(0.01)
        yield Draft(".")
    note(f"end of {prompt}")
    yield "Whole."


with server:
    print(server.url, flush=True)
    sys.stdin.read()
