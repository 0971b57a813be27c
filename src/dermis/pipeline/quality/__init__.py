"""The verdict on a photo: what was measured, what is wrong with it, and what it is usable for."""
