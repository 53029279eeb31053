"""Live views for notebooks; importing this brings anywidget, so import it with the first use."""

from .live import LiveTranscript
from .reader import TranscriptView

__all__ = ["LiveTranscript", "TranscriptView"]
