"""The engine that runs networks, and the zoo of networks made by others."""
