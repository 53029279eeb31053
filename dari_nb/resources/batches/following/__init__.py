"""Following a batch: what comes and what it costs."""
