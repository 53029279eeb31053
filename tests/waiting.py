"""Wait for what happens in another thread or process."""

import time
from collections.abc import Callable

_LONGEST_S = 180


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; no test depends on how long that takes."""
    deadline = time.monotonic() + _LONGEST_S
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen in {_LONGEST_S} s"
        time.sleep(0.005)
