"""20 runs of 200 calls: aligned, clustered, with divergences and a frame; beside difflib."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from difflib import SequenceMatcher

from rows import Row, at_most, print_rows

from dari_nb.models import ToolCallItem
from dari_nb.render.calls.alignment import key_of
from dari_nb.resources import Trajectories, Transcript
from dari_nb.resources.trajectories.runs import entries

RUNS, CALLS, ROUNDS = 20, 200, 7


def measure() -> list[Row]:
    taken = []
    for name, changed in (("much alike", 0.06), ("hardly alike", 0.9)):
        given = entries(runs(changed))
        calls = [[i for i in each.items if isinstance(i, ToolCallItem)] for each in given]
        ours = milliseconds(lambda given=given: everything(given))
        peer = milliseconds(lambda calls=calls: pairwise(calls))
        print(f"  {RUNS} runs of {CALLS} calls, {name}:")
        print(f"  align, clusters, finding, frame   {ours:7.1f} ms")
        print(f"  difflib, each run with the first  {peer:7.1f} ms")
        taken.append(ours)
    return [at_most(f"{RUNS} runs of {CALLS} calls aligned", max(taken), 100, "ms")]


def everything(given: list) -> None:
    succeeded = {id(each.source) for each in given[::2]}
    trajectories = Trajectories(given, lambda run: id(run) in succeeded)
    _ = trajectories.finding
    trajectories.clusters()
    trajectories.to_frame()


def pairwise(calls: list[list[ToolCallItem]]) -> None:
    keys = [[key_of(call) for call in path] for path in calls]
    for path in keys[1:]:
        SequenceMatcher(None, keys[0], path, autojunk=False).get_opcodes()


def milliseconds(work: Callable[[], None]) -> float:
    work()
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return 1000 * statistics.median(taken)


def runs(changed: float) -> list[Transcript]:
    random.seed(1)
    base = [call() for _ in range(CALLS)]
    return [Transcript.from_messages(messages(varied(base, changed))) for _ in range(RUNS)]


def call() -> tuple[str, str]:
    arguments = f'{{"query": "item {random.randint(0, 40)}", "day": {random.randint(1, 9)}}}'
    return random.choice("abcdefgh"), arguments


def varied(base: list[tuple[str, str]], changed: float) -> list[tuple[str, str]]:
    made = []
    for each in base:
        chance = random.random() / changed
        if chance < 0.5:
            made += [call(), each] if chance < 0.25 else []
        else:
            made.append(call() if chance < 1 else each)
    return made


def messages(calls: list[tuple[str, str]]) -> list[dict]:
    made: list[dict] = [{"role": "user", "content": "Go on."}]
    for number, (name, arguments) in enumerate(calls):
        function = {"name": name, "arguments": arguments}
        one = {"id": f"call_{number}", "type": "function", "function": function}
        made.append({"role": "assistant", "content": None, "tool_calls": [one]})
        made.append({"role": "tool", "tool_call_id": f"call_{number}", "content": "done " * 20})
    return [*made, {"role": "assistant", "content": "Done."}]


if __name__ == "__main__":
    print_rows(measure())
