"""Addresses that may be gone to, and requests that go nowhere else."""
