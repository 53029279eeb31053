"""Modules that any other part of the package may use."""
