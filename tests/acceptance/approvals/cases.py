"""What each case shows.

Each input named ``session_….jsonl`` is a case of its own, which shows the session ``sess_1``. The
other cases are the functions below. Each reads the input named in its decorator.
"""

from collections.abc import Callable
from typing import Any

import dari_nb as dari

Case = tuple[str, Callable[[dari.Dari], Any]]
CASES: dict[str, Case] = {}


def case(source: str) -> Callable[[Callable[[dari.Dari], Any]], None]:
    """Register a function as the case of its name."""

    def register(show: Callable[[dari.Dari], Any]) -> None:
        CASES[show.__name__] = (source, show)

    return register


def session(d: dari.Dari) -> dari.Session:
    return d.sessions.get("sess_1")


def batch(d: dari.Dari, scores: bool = True, **options: Any) -> Any:
    names = ["correct"] if scores else []
    return d.batches.from_runs(d.sessions.list(), task="task", score_columns=names, **options)


@case("session_turns")
def turn(d: dari.Dari) -> Any:
    return session(d).turn("msg_1_2")


@case("lists")
def list_of_agents(d: dari.Dari) -> Any:
    return d.agents


@case("lists")
def list_of_versions(d: dari.Dari) -> Any:
    return d.agents["guide"].versions()


@case("lists")
def list_of_sessions(d: dari.Dari) -> Any:
    return d.sessions


@case("lists")
def list_of_sessions_found(d: dari.Dari) -> Any:
    return d.sessions.list(text="invoice")


@case("lists_empty")
def list_of_sessions_empty(d: dari.Dari) -> Any:
    return d.sessions


@case("batch")
def batch_without_scores(d: dari.Dari) -> Any:
    return batch(d, scores=False)


@case("batch")
def batch_scored(d: dari.Dari) -> Any:
    return batch(d)


@case("batch_failures")
def batch_failures(d: dari.Dari) -> Any:
    return batch(d, scores=False)


@case("batch_repeats")
def batch_repeats(d: dari.Dari) -> Any:
    return batch(d, repeat="trial")


@case("batch")
def compared_columns(d: dari.Dari) -> Any:
    return batch(d).compare("small", "large")


@case("batch_calls")
def compared_calls(d: dari.Dari) -> Any:
    return batch(d, repeat="trial").compare("small", "large")


@case("batch_calls")
def trajectories(d: dari.Dari) -> Any:
    return batch(d, repeat="trial").trajectories()


@case("batch_later")
def compared_batches(d: dari.Dari) -> Any:
    sessions = d.sessions.list()
    old, new = (
        d.batches.from_runs([s for s in sessions if s.metadata["day"] == day], task="task")
        for day in ("monday", "friday")
    )
    return dari.compare_batches(old, new)
