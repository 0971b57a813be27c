"""Marks on made skin: kinds, shapes, places, course over time, grades and ground truth."""
