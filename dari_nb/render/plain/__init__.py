"""Words, characters and limits: text that is no markup yet."""
