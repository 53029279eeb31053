"""The sandbox is tried through the tools that use it."""

from ..tools.conftest import agent, outside, python, someone, workspace

__all__ = ["agent", "outside", "python", "someone", "workspace"]
