"""The verbs of the service: it, its users, its store."""
