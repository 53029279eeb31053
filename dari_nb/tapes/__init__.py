r"""Tapes: recorded turns of agents in one file that play again.

``FORMAT.md``, beside this, describes the file.

>>> from dari_nb.tapes import Recording, parsed, tape_bytes
>>> tape_bytes(Recording())
b'{"dari_tape":1,"times":true}\n{"scrubbed":{}}\n'
>>> parsed(tape_bytes(Recording()), "lesson.tape").is_closed
True
"""

from .check import Flaw, flaws_of
from .differences import Difference, differences, nearest, words_between
from .keys import key_of
from .lines import AgentLine, Comment, DraftLine, EventLine, FileLine, Mark, TurnLine
from .reading import parsed, read_tape
from .recording import Recording
from .redaction import Scrubber
from .tape import Tape
from .turns import Taking, Turn, turns_of
from .writing import tape_bytes, write_tape

__all__ = [
    "AgentLine",
    "Comment",
    "Difference",
    "DraftLine",
    "EventLine",
    "FileLine",
    "Flaw",
    "Mark",
    "Recording",
    "Scrubber",
    "Taking",
    "Tape",
    "Turn",
    "TurnLine",
    "differences",
    "flaws_of",
    "key_of",
    "nearest",
    "parsed",
    "read_tape",
    "tape_bytes",
    "turns_of",
    "words_between",
    "write_tape",
]
