"""Marks that people drew: COCO, Label Studio, Pascal VOC."""
