"""Files of a workspace or a bundle, and what differs between two."""
