"""Hosted agents in Jupyter: magics, live chat cells, tidy frames, and a complete local Dari."""

from ._version import __version__

__all__ = ["__version__"]
