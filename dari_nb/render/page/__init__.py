"""What every saved output carries: its style, its tables, the paper below a view."""
