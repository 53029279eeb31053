"""What the tests share: an environment like that of somebody who just installed the package."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def plain_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment without settings for Dari and without pulled models."""
    others = {name: v for name, v in os.environ.items() if not name.startswith("DARI_")}
    cache = tmp_path_factory.mktemp("cache")
    return {**others, "PYTHONPATH": str(ROOT), "DARI_NB_CACHE": str(cache)}
