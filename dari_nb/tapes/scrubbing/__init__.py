"""Secrets, taken out of what is to be written before it is written."""

from .finding import KINDS, SCRUBBED, SHORTEST
from .scrubber import Scrubber, compiled

__all__ = ["KINDS", "SCRUBBED", "SHORTEST", "Scrubber", "compiled"]
