"""The store: the only SQL. Rooms above call functions that take a `Session` of `Database.reading` or `.writing`."""
