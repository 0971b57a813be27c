"""The service: a store that loses nothing, an API for programs, and the page that people use."""
