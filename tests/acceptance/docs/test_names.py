"""Public names load with their first use, and say what they are."""

import pytest

import dari_nb as dari

CLASSES = ["Agent", "AsyncClient", "Batch", "Client", "Dari", "Session", "Tape", "Transcript"]
ERRORS = ["ApiError", "DariError"]
FRAMES = ["batch_frame", "costs_frame", "events_frame", "messages_frame", "sessions_frame"]
FUNCTIONS = ["compare_batches", "connect", "current", "tool", "trajectories", "verify_webhook"]
PLOTS = ["plot_cost", "plot_latency", "plot_scores"]
MODULES = ["errors", "frames", "local", "scores"]
NAMES = [*CLASSES, *ERRORS, *FRAMES, *FUNCTIONS, *PLOTS, *MODULES, "Turn", "tool_calls_frame"]


@pytest.mark.parametrize("name", NAMES)
def test_name_loads_and_has_docstring(name):
    assert name in dari.__all__
    assert getattr(dari, name).__doc__


def test_all_names_load():
    assert dir(dari) == sorted(dari.__all__)
    for name in dari.__all__:
        assert getattr(dari, name) is not None


@pytest.mark.parametrize("module", MODULES)
def test_names_of_module_load(module):
    part = getattr(dari, module)
    for name in getattr(part, "__all__", []):
        assert getattr(part, name) is not None


def test_unknown_name_is_attribute_error():
    with pytest.raises(AttributeError) as raised:
        dari.nothing  # noqa: B018
    assert "nothing" in str(raised.value)
