"""The live view of a turn."""

from .transcript import INTERVAL, LiveTranscript

__all__ = ["INTERVAL", "LiveTranscript"]
