"""What is wrong with a tape that can be read, and keys made anew where somebody edited it."""

from .flaws import Flaw, circles_in, flaws_of
from .new_keys import in_doubt, renew_keys
from .remarks import backslashes_in, remarks_on
from .repeated import closing_flaws, repeated_fields

__all__ = [
    "Flaw",
    "backslashes_in",
    "circles_in",
    "closing_flaws",
    "flaws_of",
    "in_doubt",
    "remarks_on",
    "renew_keys",
    "repeated_fields",
]
