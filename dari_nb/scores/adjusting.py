"""P-values of several comparisons at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import InvalidRequestError
from .checks import checked_list
from .means import number


def holm(p_values: Sequence[float | None]) -> list[float]:
    """Adjust p-values, so that the chance of calling any difference that is none stays in bounds.

    The smallest of m is multiplied by m, the next by m - 1, and so on; none becomes less than one
    before it, or more than 1: S. Holm, *A simple sequentially rejective multiple test procedure*,
    Scandinavian Journal of Statistics 6 (1979). Where an adjusted one is below 0.05, the difference
    is there at 95 %, however many were looked at. Nothing is supposed of how they depend.

    Args:
        p_values: Of all comparisons that were made; missing ones (``None``, NaN) stay NaN and
            count for none.

    Returns:
        The adjusted ones, in the same order.

    Raises:
        InvalidRequestError: One of them is not between 0 and 1.

    >>> dari.scores.holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    given = checked_list("p-values, such as [0.01, 0.2]", p_values)
    found = [math.nan if p is None else number(p) for p in given]
    wrong = next((p for p in found if not (math.isnan(p) or 0 <= p <= 1)), None)
    if wrong is not None:
        raise InvalidRequestError(
            f"A p-value is between 0 and 1, not {wrong!r}.", code="invalid_values"
        )
    known = sorted((p, place) for place, p in enumerate(found) if not math.isnan(p))
    least, adjusted = 0.0, [math.nan] * len(found)
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * p))
        adjusted[place] = least
    return adjusted
