"""Transcripts and chats: views that one reads in, goes on in, and branches from."""
