"""Acne: lesions found, typed and assigned, and the tasks that follow from them."""
