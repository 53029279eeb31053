"""The wire protocols of LLM servers."""
