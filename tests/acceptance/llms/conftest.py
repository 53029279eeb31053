"""A stand-in for the server of a language model, the one that the lessons use."""

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import dari_nb as dari

STAND_IN = Path(__file__).parents[3] / "notebooks" / "stand_in.py"


@pytest.fixture(scope="session")
def llm_server() -> ModuleType:
    """Load the module of the stand-in: ``Answer(text)``, ``StandIn(*answers)``."""
    spec = spec_from_file_location("acceptance_stand_in", STAND_IN)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stand_in(llm_server) -> Iterator[Any]:
    """Yield a running stand-in. It repeats the prompt, and obeys ``use TOOL {"json": 1}``."""
    with llm_server.StandIn() as running:
        yield running


@pytest.fixture
def llms(stand_in) -> dict[str, Any]:
    """Return an LLM option for each wire protocol, with prices."""
    common = {"model": "m", "base_url": stand_in.url}
    return {"openai": common, "anthropic": {**common, "provider": "anthropic", "api_key": "k"}}


@pytest.fixture
def d(llms) -> Iterator[dari.Dari]:
    """Yield a connection to a local Dari with the LLMs; its agent is ``assistant``."""
    prices = {"m": {"input": "1", "output": "2", "cached_input": "0.5"}}
    options = {"llm_backoff": (0.01, 0.01), "cost_delay": 0.0}
    with (
        dari.local.LocalDari(llms=llms, prices=prices, **options) as server,
        dari.Dari(server.url, server.api_key) as d,
    ):
        yield d
