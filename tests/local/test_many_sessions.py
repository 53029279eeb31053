import importlib.util
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "sessions.py"


def test_a_hundred_sessions_with_a_stream_each_lose_nothing():
    spec = importlib.util.spec_from_file_location("sessions_benchmark", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = benchmark
    spec.loader.exec_module(benchmark)
    report = benchmark.run(sessions=100)
    assert (report.sessions, report.lost) == (100, 0)
    assert report.events >= 100 * 2 * 4
