"""Following a batch: what comes, what it costs, how long it will take."""
