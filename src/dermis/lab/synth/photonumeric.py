"""The pictures of the photonumeric scales: one made face a grade and tone, painted from one recipe.

The faces are portraits of people who do not exist (`openpeople`, MIT), their skin made lighter or darker by Beer and
Lambert. Brown marks come one after another as the grade rises, faint before dark, spots before patches; the share of
the marks at each grade is found so that the painted truth is the grade. Redness is painted by its grade.
`dermis atlas --paint` writes them; `dermis.report.photonumeric` holds what ships.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from dermis.colour.srgb import decode, encode
from dermis.core import Face
from dermis.core.arrays import FloatMap
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.formats.files import write_bytes
from dermis.formats.images.masks import encode_jpeg
from dermis.formats.images.photo import read_photo
from dermis.lab.synth.lesions.kinds import MarkKind
from dermis.lab.synth.lesions.photo_marks import PhotoMark, draw_photo_marks, paint_marks
from dermis.lab.synth.lesions.photo_redness import paint_redness
from dermis.models.registry import fetch
from dermis.tasks.pigmentation.grade import severity_word
from dermis.tasks.pigments import MELANIN_AXIS
from dermis.tasks.redness import grade as redness

__all__ = ["PORTRAITS_USED", "RECIPE", "PhotonumericRecipe", "paint_scales", "recipe_hash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotonumericRecipe:
    """All that makes the pictures; its hash is kept beside them.

    tones: for each tone the portrait and the melanin added, 100 x red density. marks: how many of each kind at grade 9.
    gain: times the density of a mark, at none of them and at all. size_px: width of a picture, which is 5/4 as high.
    """

    seed: int = 12
    tones: Mapping[str, tuple[str, float]] = field(
        default_factory=lambda: {
            "light": ("P002_studio", -7.0),
            "medium": ("P008_studio", 2.0),
            "dark": ("P009_studio", 30.0),
        }
    )
    marks: Mapping[str, int] = field(
        default_factory=lambda: {"freckle": 60, "lentigo": 26, "post_inflammatory_hyperpigmentation": 10, "melasma": 16}
    )
    gain: tuple[float, float] = (0.4, 1.25)
    redness_seed: int = 3
    size_px: int = 256
    quality: int = 82
    faces_across: float = 1.16


RECIPE = PhotonumericRecipe()
PORTRAITS_USED = tuple(name for name, _ in RECIPE.tones.values())
"""The portraits that are painted on, by their names in the registry."""
GRADES: Mapping[str, range] = {"pigmentation_grade": range(10), "redness_grade": range(5)}
WORDS: Mapping[str, Callable[[int], str]] = {
    "pigmentation_grade": severity_word,
    "redness_grade": redness.WORDS.__getitem__,
}
_MOST, _HALVINGS = 3.2, 10
"""The share of the marks is looked for up to the one, in so many steps; above 1 all are there and grow darker."""


def recipe_hash(recipe: PhotonumericRecipe = RECIPE) -> str:
    """Return what identifies a recipe: 12 hex digits."""
    return hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode()).hexdigest()[:12]


def paint_scales(folder: Path, recipe: PhotonumericRecipe = RECIPE) -> Path:
    """Write TASK/TONE-GRADE.jpg of every grade and scales.json, and return the latter.

    scales.json says for each picture its task, tone, grade and word, the grade as painted and the SHA-256 of the file.
    """
    rows = []
    for tone in recipe.tones:
        face, linear = _portrait(tone, recipe)
        for task in GRADES:
            for grade, (painted, truth) in _painted(task, face, linear, recipe).items():
                name = f"{task}/{tone}-{grade}.jpg"
                content = encode_jpeg(_shown(painted, face, recipe), quality=recipe.quality)
                (folder / task).mkdir(parents=True, exist_ok=True)
                write_bytes(folder / name, content)
                rows.append(
                    {"file": name, "task": task, "tone": tone, "grade": grade, "word": WORDS[task](grade),
                     "painted": round(truth, 2), "sha256": hashlib.sha256(content).hexdigest()}
                )  # fmt: skip
    index = {"recipe": recipe_hash(recipe), "faces": "openpeople 0.1.2, MIT (Prompt Haus, synthetic people)"}
    text = json.dumps({**index, "pictures": rows}, indent=1)
    write_bytes(folder / "scales.json", (text + "\n").encode())
    return folder / "scales.json"


def _portrait(tone: str, recipe: PhotonumericRecipe) -> tuple[Face, FloatMap]:
    """Return the face of a tone and its linear light on the analysed frame."""
    from scipy.ndimage import gaussian_filter  # late: 40 ms

    name, melanin = recipe.tones[tone]
    photo = read_photo(fetch(name))
    face = find_face(photo)
    if face is None:
        raise RuntimeError(f"No face was found in {name}, which is one of ours.")
    linear = np.asarray(decode(crop(photo, face.frame)), np.float32)
    soft = gaussian_filter(face.skin.astype(np.float32), 1.2)[..., None]
    toned = linear * 10 ** (-melanin * soft * np.asarray(MELANIN_AXIS, np.float32) / 100)
    return face, np.clip(toned, 0, 1).astype(np.float32)


def _painted(task: str, face: Face, linear: FloatMap, recipe: PhotonumericRecipe) -> dict[int, tuple[FloatMap, float]]:
    if task == "redness_grade":
        seed = recipe.redness_seed
        return {grade: (paint_redness(linear, face, grade, seed=seed), float(grade)) for grade in GRADES[task]}
    drawn = _in_order(face, recipe)
    found: dict[int, tuple[FloatMap, float]] = {0: (linear, 0.0)}
    low = 0.0
    for grade in GRADES[task][1:]:
        high = min(low + 1.0, _MOST)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            painted = paint_marks(linear, face, _first(drawn, middle, recipe))
            low, high = (middle, high) if painted.grade < grade else (low, middle)
        painted = paint_marks(linear, face, _first(drawn, high, recipe))
        found[grade] = painted.linear, painted.grade
    return found


def _in_order(face: Face, recipe: PhotonumericRecipe) -> tuple[PhotoMark, ...]:
    """Return the marks as they come: a third of the spots, then patches with the other spots between them."""
    rng = np.random.default_rng(recipe.seed)
    kinds = [MarkKind(name) for name in recipe.marks]
    by_kind = {
        kind: draw_photo_marks(rng, face, kind, count) for kind, count in zip(kinds, recipe.marks.values(), strict=True)
    }
    patches = by_kind.pop(MarkKind.MELASMA, ())
    spots = [mark for marks in by_kind.values() for mark in marks]
    spots = [spots[place] for place in rng.permutation(len(spots))]
    first, rest = spots[: len(spots) // 3], spots[len(spots) // 3 :]
    every = max(1, len(rest) // max(len(patches), 1))
    mixed = [one for place, patch in enumerate(patches) for one in (patch, *rest[place * every : (place + 1) * every])]
    return (*first, *mixed, *rest[len(patches) * every :])


def _first(marks: tuple[PhotoMark, ...], share: float, recipe: PhotonumericRecipe) -> list[PhotoMark]:
    """Return a share of the marks, the last one in part; all of them and darker ones above 1."""
    low, high = recipe.gain
    gain = low + (high - low) * share
    whole, part = divmod(min(share, 1.0) * len(marks), 1.0)
    kept = [replace(mark, density=gain * mark.density) for mark in marks[: int(whole)]]
    last = [replace(mark, density=gain * part * mark.density) for mark in marks[int(whole) : int(whole) + 1] if part]
    return [*kept, *last]


def _shown(linear: FloatMap, face: Face, recipe: PhotonumericRecipe) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the face in the middle of its picture, (5/4 size_px, size_px, 3)."""
    from PIL import Image  # late: with it come the readers of pictures

    rows, columns = np.nonzero(face.regions)
    half = recipe.faces_across * (face.face_width_px or 1.0) / face.frame.factor / 2
    middle_x, middle_y = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2
    box = (middle_x - half, middle_y - 1.25 * half, middle_x + half, middle_y + 1.25 * half)
    picture = Image.fromarray(np.rint(255 * np.asarray(encode(np.clip(linear, 0, 1)))).astype(np.uint8))
    size = (recipe.size_px, recipe.size_px * 5 // 4)
    cut = picture.crop((round(box[0]), round(box[1]), round(box[2]), round(box[3])))
    return np.asarray(cut.resize(size, Image.Resampling.LANCZOS))
