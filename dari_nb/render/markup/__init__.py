"""Text to HTML: prose, formulas and source, and the one gate that all of it passes."""
