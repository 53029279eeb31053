"""Tool calls: what they do, what they were given, what came of them."""
