"""Agents that judge the cells of a batch: alone, two by two, and the sample that people check."""
