"""A batch as a matrix: its rows, heads, marks, comparisons and plots."""
