"""The nouns: frozen records with read-only arrays, numpy only."""

from dermis.core.analysis import Advice, Analysis, LightReference, Problem, Provenance, Quality, Severity
from dermis.core.change import Change, MatchedLesion, UnmatchedLesion
from dermis.core.cube import Cube, Quantity
from dermis.core.face import Box, CropFrame, Face, Pose, Region, SegmentationClass, View, region_mask
from dermis.core.finding import Detection, Finding, ValueMap
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
    "CropFrame",
    "Cube",
    "Detection",
    "Encoding",
    "Face",
    "FaceLesions",
    "Finding",
    "Label",
    "Lesions",
    "LightReference",
    "Map",
    "MatchedLesion",
    "Measure",
    "Ordinal",
    "Origin",
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
    "SegmentationClass",
    "Severity",
    "Skin",
    "Task",
    "ToneEstimate",
    "UnmatchedLesion",
    "ValueMap",
    "View",
    "region_mask",
]
