"""How things are shown that live: one presentation each, from opening to static output."""
