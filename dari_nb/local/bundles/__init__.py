"""Bundles of agents: their archive, manifest and tools, and what is allowed to them."""
