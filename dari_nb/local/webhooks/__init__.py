"""Webhooks of agents: what they are told, kept until it is delivered (contract, section 12)."""
