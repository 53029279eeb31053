"""Agents, their versions, and publishing them."""
