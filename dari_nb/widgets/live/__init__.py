"""The live view of a turn."""

from .transcript import LiveTranscript

__all__ = ["LiveTranscript"]
