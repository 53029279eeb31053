"""The wire to a Dari, without the things that are reached through it."""

from .link import AtHand, Link, Linked, Proxy

__all__ = ["AtHand", "Link", "Linked", "Proxy"]
