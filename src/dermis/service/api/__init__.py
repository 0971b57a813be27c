"""The API over HTTP: the only FastAPI. `make_app` gives the application; each file of routes is one kind of thing."""
