"""Photos named by diagnosis: what is said of them, by group."""
