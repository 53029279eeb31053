"""The live view of a matrix of tasks and LLMs."""

from .view import INTERVAL, MatrixView

__all__ = ["INTERVAL", "MatrixView"]
