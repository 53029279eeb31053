"""Live views for notebooks; importing this brings anywidget, so import it with the first use."""

from .live import LiveTranscript

__all__ = ["LiveTranscript"]
