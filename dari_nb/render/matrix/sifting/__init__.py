"""Which tasks of a matrix are shown: conditions, what may be asked for, and what meets it."""
