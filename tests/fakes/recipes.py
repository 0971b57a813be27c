"""Recipes small enough for a test."""

TINY = """
[input]
size_px = 8
features = ["mean_colour"]
[network]
width = 8
[head.tone]
kind = "measure"
targets = ["l", "a", "b"]
[train]
epochs = 2
batch = 8
watch = "tone"
[machine]
threads = 1
accelerator = "cpu"
tensorboard = false
"""
