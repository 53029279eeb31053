"""The HTTP face of the local Dari (contract, sections 1 to 9)."""
