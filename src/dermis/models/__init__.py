"""The models of others and our own: where they come from, the one engine that runs them, what they are shown."""
