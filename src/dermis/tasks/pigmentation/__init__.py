"""Brown marks: where they are, how large and how dark, and the grades that follow."""
