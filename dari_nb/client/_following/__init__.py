"""Following one session: its stream, what a stream leaves out, and when to try again."""
