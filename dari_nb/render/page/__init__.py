"""What every saved output carries: its style, its tables, the static output below a view."""
