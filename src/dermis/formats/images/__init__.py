"""Photos and masks: from the bytes of a file to pixels, encoding and capture data, and back."""
