"""Where several runs of one task part: what is alike, what differs, and what came of it."""
