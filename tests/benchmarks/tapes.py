"""Recording on a tape, and a tape made of runs and back, beside what each is made of.

The peer of recording is to write each event as a line of JSON with ``json``. The runs are the real
ones where they are here, else the project's own. Medians of the rounds, which take turns, in events
a second of this process's own time, so that others on the machine do not count.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from dari_nb.local import LocalDari
from dari_nb.models import Event
from dari_nb.models import events as ev
from dari_nb.resources import Transcript
from dari_nb.tapes import AgentLine, Scrubber, Taking, Tape
from dari_nb.tapes.growing import GrowingTape
from dari_nb.transcript.formats import read_file
from tests.recorded import OWN_RUNS, REAL_RUNS

ROUNDS = 5
RUNS = REAL_RUNS if REAL_RUNS.is_file() else OWN_RUNS
SECRETS = {f"KEY_{number}_TOKEN": f"a-secret-{number}-0123456789" for number in range(6)}


def ledgers() -> list[list[Event]]:
    """The events of the runs."""
    server = LocalDari()
    ids = server.load_runs(RUNS, agent="recorded")
    return [[row.to_event() for row in server._store.events(each)] for each in ids]


def record(sessions: list[list[Event]], folder: Path) -> None:
    """Record events as they come, with the journal and the file."""
    path = folder / "x.tape"
    path.unlink(missing_ok=True)
    tape = GrowingTape(path, Scrubber(variables=SECRETS))
    agent = AgentLine(agent="recorded")
    takes: Counter[str] = Counter()
    for number, events in enumerate(sessions):
        taking, parent = None, None
        for at, event in enumerate(events):
            if event.type == ev.USER_MESSAGE:
                told = {"session": str(number), "number": 1, "parent": parent}
                taking = Taking(tape.scrubber, agent, event.data, at, **told)
                parent = taking.turn.line.key
                takes[parent] += 1
                taking.turn.line.take = takes[parent]
                tape.begin(taking)
            elif taking is not None and event.message_id:
                tape.scrubber.look()
                taking.event(event.type, event.data, at)
                if event.data.get("status") in ("completed", "failed"):
                    tape.end(taking)
                    taking = None
                else:
                    tape.go_on(taking)
    tape.close()


def write_lines(sessions: list[list[Event]], folder: Path) -> None:
    """Write the same as lines of JSON, each at once."""
    with (folder / "x.jsonl").open("w") as file:
        for events in sessions:
            for event in events:
                file.write(json.dumps({"event": event.type, "data": event.data}) + "\n")
                file.flush()


def add_runs(runs: list[Transcript], folder: Path) -> None:
    """Put runs on a tape."""
    path = folder / "runs.tape"
    path.unlink(missing_ok=True)
    Tape(path).add(runs)


def read_runs(folder: Path) -> None:
    """Read them again."""
    list(read_file(folder / "runs.tape"))


def speeds(count: int, works: list[Callable[[], object]]) -> list[int]:
    """Let all work in turns; returns the events a second of each."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for own, work in zip(times, works, strict=True):
            start = time.process_time()
            work()
            own.append(time.process_time() - start)
    return [round(count / statistics.median(each)) for each in times]


def measure() -> None:
    sessions = ledgers()
    count = sum(map(len, sessions))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        works = [lambda: record(sessions, folder), lambda: write_lines(sessions, folder)]
        own, bare = speeds(count, works)
        print(f"  recording {count} events: {own:,}/s, bare lines {bare:,}/s")
        runs = list(Transcript.from_file(RUNS))
        works = [lambda: add_runs(runs, folder), lambda: read_runs(folder)]
        there, back = speeds(count, works)
        print(f"  runs to a tape: {there:,} events/s, and back: {back:,} events/s")


if __name__ == "__main__":
    measure()
