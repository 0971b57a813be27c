"""The verbs of the lab: making data, learning, judging, exporting."""
