"""Find what is wrong with a tape that can be read."""

from .flaws import Flaw, flaws_of
from .remarks import backslashes_in, remarks_on
from .repeated import closing_flaws, repeated_fields

__all__ = [
    "Flaw",
    "backslashes_in",
    "closing_flaws",
    "flaws_of",
    "remarks_on",
    "repeated_fields",
]
