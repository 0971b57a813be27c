"""The nouns: frozen records with read-only arrays, numpy only."""

from dermis.core.analysis import Advice, Analysis, LightReference, Problem, Provenance, Quality, Severity
from dermis.core.change import Change, Fate, Lasting
from dermis.core.cube import Cube, Quantity
from dermis.core.face import Box, Face, Frame, Part, Pose, Region, View, region_mask
from dermis.core.finding import Evidence, Finding, Item
from dermis.core.lesion import HAYASHI_LIMITS, LESION_TYPES, FaceLesions, Lesions
from dermis.core.photo import Capture, Encoding, Origin, Photo
from dermis.core.sample import Label, Sample, SampleKey
from dermis.core.skin import Skin, ToneEstimate
from dermis.core.task import Count, Map, Measure, Ordinal, Presence, Scale, Task

__all__ = [
    "HAYASHI_LIMITS",
    "LESION_TYPES",
    "Advice",
    "Analysis",
    "Box",
    "Capture",
    "Change",
    "Count",
    "Cube",
    "Encoding",
    "Evidence",
    "Face",
    "FaceLesions",
    "Fate",
    "Finding",
    "Frame",
    "Item",
    "Label",
    "Lasting",
    "Lesions",
    "LightReference",
    "Map",
    "Measure",
    "Ordinal",
    "Origin",
    "Part",
    "Photo",
    "Pose",
    "Presence",
    "Problem",
    "Provenance",
    "Quality",
    "Quantity",
    "Region",
    "Sample",
    "SampleKey",
    "Scale",
    "Severity",
    "Skin",
    "Task",
    "ToneEstimate",
    "View",
    "region_mask",
]
