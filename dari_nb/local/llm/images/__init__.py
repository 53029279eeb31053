"""Images for models that see them: read without being decoded, and scaled down above a limit."""
