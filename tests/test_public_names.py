"""The public names, so that none comes or goes by accident."""

from __future__ import annotations

import importlib

import pytest

import dari_nb

NAMES = [
    "Agent",
    "ApiError",
    "AsyncClient",
    "Batch",
    "Client",
    "Dari",
    "DariError",
    "Session",
    "Tape",
    "Transcript",
    "Turn",
    "__version__",
    "batch_frame",
    "compare_batches",
    "connect",
    "costs_frame",
    "current",
    "errors",
    "events_frame",
    "frames",
    "local",
    "messages_frame",
    "plot_cost",
    "plot_latency",
    "plot_scores",
    "recording",
    "scores",
    "sessions_frame",
    "tool",
    "tool_calls_frame",
    "trajectories",
    "verify_webhook",
]


def test_the_package_has_these_names_and_no_others() -> None:
    assert list(dari_nb.__all__) == NAMES
    assert dir(dari_nb) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_name_loads_and_tells_what_it_is(name: str) -> None:
    value = getattr(dari_nb, name)
    assert name == "__version__" or value.__doc__


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="'dari_nb' has no attribute 'chat'"):
        dari_nb.chat  # noqa: B018


@pytest.mark.parametrize(
    "part",
    [
        "client",
        "frames",
        "local",
        "models",
        "render",
        "scores",
        "tapes",
        "transcript",
        "widgets",
        "resources",
    ],
)
def test_each_part_lists_names_that_exist(part: str) -> None:
    module = importlib.import_module(f"dari_nb.{part}")
    assert module.__doc__
    for name in module.__all__:
        assert getattr(module, name) is not None
