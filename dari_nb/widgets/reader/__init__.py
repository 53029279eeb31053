"""The view for reading long transcripts."""

from .transcript import TranscriptView

__all__ = ["TranscriptView"]
