"""The wire to a Dari, without the things that are reached through it."""

from .link import Link, Linked

__all__ = ["Link", "Linked"]
