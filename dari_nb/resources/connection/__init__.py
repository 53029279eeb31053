"""The wire to a Dari, without the things that are reached through it."""

from .link import AtHand, Link, Linked, Standing

__all__ = ["AtHand", "Link", "Linked", "Standing"]
