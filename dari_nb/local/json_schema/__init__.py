"""Values against JSON Schemas, checked in processes that can be ended."""
