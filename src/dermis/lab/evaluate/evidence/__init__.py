"""The evidence for what the program says of photos: `dermis validate`."""
