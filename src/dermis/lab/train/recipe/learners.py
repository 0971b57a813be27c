"""The visible table of learners: what a recipe can ask to be learnt, and the numbers it may change. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["LEARNERS", "Learner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """One way of learning; all but closed-form ones go through the one loop of `trainer`.

    heads: its loss is that of heads. pools: it sees pools of examples. closed_form: a fit without epochs. terms: usual
    weights of the terms of its loss. views: usual odds and widths of the views that it draws. table: what it fits is a
    file of numbers that ships at this place of the package. fit: usual numbers of a fit without epochs.
    """

    about: str
    heads: bool = False
    pools: bool = False
    closed_form: bool = False
    terms: Mapping[str, float] = field(default_factory=dict)
    views: Mapping[str, float] = field(default_factory=dict)
    table: str = ""
    fit: Mapping[str, float] = field(default_factory=dict)


LEARNERS: Mapping[str, Learner] = {
    "samples": Learner(about="heads on the samples of one dataset, decoded once", heads=True),
    "lesions": Learner(
        about="density, boxes and grade of acne lesions, on pools of which each knows a part",
        pools=True,
        terms={
            "cells": 1.0, "count": 1.0, "cells_all": 0.8, "count_all": 0.8, "centres": 1.0, "reaches": 1.5,
            "grade": 1.0,
        },
        views={
            "masked": 0.5, "painted": 0.5, "darker": 0.3, "close_graded": 0.15, "close_ungraded": 0.5,
            "turn_deg": 8.0, "stretch": 0.06, "exposure": 0.25, "cast": 0.07, "blurred": 0.3, "noisy": 0.2,
            "compressed": 0.4,
        },
    ),
    "face_parts": Learner(
        about="the parts of a head, from labels that are sets of parts",
        pools=True,
        terms={
            "sets": 1.0, "area": 0.5, "facial_hair": 2.0, "nose": 3.0, "lips": 4.0, "eyes": 5.0, "occluder": 3.0,
        },
        views={"close": 0.22, "covered": 0.35, "darker": 0.25, "turn_deg": 12.0, "turned_far": 0.15},
    ),
    "skin_tone": Learner(
        about="the colour of a face under D65 from what a photo shows of it, with the scale of its error",
        pools=True,
        terms={"colour": 1.0, "scale": 0.2},
        views={"noise": 0.05, "unknown": 0.15, "eye_white_l": 5.0, "eye_white_a": 2.0, "eye_white_b": 3.0},
    ),
    "skin_spectra": Learner(
        about="the distribution of skin spectra, and the estimator for photos that follows from it",
        pools=True,
        closed_form=True,
    ),
    "brown_marks": Learner(
        about="a small network that tells brown marks and their melanin from the clues of a pixel, on painted photos",
        pools=True, closed_form=True, table="tasks/data/brown_marks.npz",
        fit={
            "networks": 3, "rounds": 4, "dropout": 0.2, "decay": 0.1,
            "portrait_shots": 16, "adult_photos": 8, "adult_shots": 4,
            "clear_share": 0.3, "faintest": 0.3, "strongest": 1.1, "narrowest": 0.3, "widest": 0.8,
        },
    ),
    "tone_posterior": Learner(
        about="boosted trees from the clues of a photo to the true tone, and to the size of their error",
        closed_form=True, table="tasks/data/tone_posterior.npz", fit={"people": 120, "shots": 8, "rounds": 150},
    ),
    "pigment_index": Learner(
        about="coefficients of the melanin and the haemoglobin index, solved from measured and changed spectra",
        pools=True, closed_form=True, table="tasks/data/pigment_index.csv",
    ),
    "face_population": Learner(
        about="the tissue of measured faces by site and group: means and spreads of cells of 20 people and more",
        pools=True, closed_form=True, table="optics/data/face_population.npz",
    ),
    "camera_population": Learner(
        about="mean and principal axes of measured camera sensitivities",
        pools=True, closed_form=True, table="optics/data/camera_population.npz",
    ),
    "emulator": Learner(
        about="a small network in the place of Monte Carlo runs of two layers of tissue",
        closed_form=True, table="optics/data/emulator.npz", fit={"runs": 256, "photons": 1.0, "steps": 4000},
    ),
    "acne_presence": Learner(
        about="the link from what was found to the presence of acne, on clear skin and on acne",
        pools=True, closed_form=True, table="tasks/data/acne_presence.csv",
    ),
    "acne_errors": Learner(
        about="how far the number of comedones errs, and the count of one skin from photo to photo",
        pools=True, closed_form=True, table="tasks/data/acne_errors.csv",
    ),
    "acne_change": Learner(
        about="the link from both photos of one skin to what is new, on papules that were drawn on it",
        pools=True, closed_form=True, table="tasks/data/acne_change.csv",
    ),
    "comedones": Learner(
        about="boosted trees that tell comedones from what else stands out on skin, on drawn and on marked ones",
        pools=True, closed_form=True, table="tasks/data/comedones.npz", fit={"rounds": 60},
    ),
}  # fmt: skip
"""Every learner by its name. `term`, `view` and `fit` of a recipe change its numbers."""
