"""Functions of the kernel as tools of an agent."""

from .tool import Tool, tool

__all__ = ["Tool", "tool"]
