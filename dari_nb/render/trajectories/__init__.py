"""Where several runs of one task diverge: what is alike, what differs, and what came of it."""
