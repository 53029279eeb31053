"""What so many tasks can tell: the smallest difference that a comparison is likely to show."""
