"""A batch while it runs, where this process shows things."""

from __future__ import annotations

import concurrent.futures
import time
from typing import TYPE_CHECKING

from ...errors import TimedOutError
from .._background import wait_for

if TYPE_CHECKING:
    from .batch import Batch


def follow(batch: Batch, timeout: float | None, *, wait: bool, show: bool) -> None:
    """Wait for a batch; see :meth:`Batch.follow`."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            return wait_for(batch.following(), left)
        except concurrent.futures.CancelledError:
            continue
        except TimedOutError:
            raise TimedOutError(f"Not finished after {timeout:g} s; it goes on.") from None
        except KeyboardInterrupt:
            batch.stop_following()
            raise
