"""The changes; `0001_tables` is the first."""
