"""The line of a magic: its options, its names and what stands in braces."""
