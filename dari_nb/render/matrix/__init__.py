"""A batch as tasks by LLMs: its finding, its cells, its comparisons."""
