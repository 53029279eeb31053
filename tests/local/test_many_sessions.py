from importlib import import_module
from pathlib import Path

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_a_hundred_sessions_with_a_stream_each_lose_nothing(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    report = import_module("sessions").run(sessions=100)
    assert (report.sessions, report.lost) == (100, 0)
    assert report.events >= 100 * 2 * 4
