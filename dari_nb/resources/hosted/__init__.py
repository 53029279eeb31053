"""Tapes with a Dari elsewhere: a local one stands in for it while a tape is in.

Playing is what the local Dari does, to which a tape is a source of agents' turns. So the stand-in
is a local Dari, too: it has the agents of the other one, by their ids, and whatever its tape does
not hold it asks there, turn by turn, and yields what comes as the steps of an agent. Everything
else follows: drafts, forks, batches, kernel tools, modes and the journal are the local
Dari's own, there is one way to record, and in the mode ``play`` nothing is left that could ask.
Listening to what a client reads would need each of those a second time.
"""

from .stand_in import StandIn

__all__ = ["StandIn"]
