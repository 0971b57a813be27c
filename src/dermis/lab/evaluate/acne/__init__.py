"""Lesions: networks side by side, other sets and cameras, look-alikes, comedones, selfies marked again, visits."""
