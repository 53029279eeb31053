"""Live views for notebooks; importing this brings anywidget, so import it with the first use."""

from .chat import ChatView
from .live import LiveTranscript
from .matrix import MatrixView
from .player import PlayerView
from .reader import TranscriptView
from .sessions import SessionsView
from .trajectories import TrajectoriesView

__all__ = [
    "ChatView",
    "LiveTranscript",
    "MatrixView",
    "PlayerView",
    "SessionsView",
    "TrajectoriesView",
    "TranscriptView",
]
