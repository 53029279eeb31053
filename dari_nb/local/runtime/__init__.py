"""Turns as they run: their order, their events, the calls they wait for, their agents."""
