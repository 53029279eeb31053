"""Whether judges say what people would, and what follows from what they say."""
