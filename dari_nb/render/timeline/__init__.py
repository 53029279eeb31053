"""A session's turns as HTML, Markdown and text."""
