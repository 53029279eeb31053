"""A matrix of sessions that are there: how they are found, and what they make up."""
