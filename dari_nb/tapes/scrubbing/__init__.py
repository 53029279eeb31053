"""Secrets, taken out of what is to be written before it is written."""

from .finding import KINDS, SCRUBBED, SHORTEST
from .scrubber import Scrubber, Unscrubbed, compiled
from .structured import Reference

__all__ = ["KINDS", "SCRUBBED", "SHORTEST", "Reference", "Scrubber", "Unscrubbed", "compiled"]
