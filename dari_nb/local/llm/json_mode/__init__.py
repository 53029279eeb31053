"""Tools for models that know none: a JSON Schema binds each answer to one call, or to a text."""
