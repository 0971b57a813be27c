"""From a photo's bytes to all that the service answers: the one place that knows the analysis. Runs in workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Analysis, Face
from dermis.core.arrays import LabelMap
from dermis.errors import DermisError, UnreadablePhoto, UsageError
from dermis.pipeline.options import AnalyseOptions
from dermis.service.pictures import Picture, Placed, evidence_of, left_out_of, pictures_of, region_names

__all__ = [
    "MEASURING",
    "Asked",
    "Measured",
    "MeasuredPerson",
    "Measuring",
    "change_between_photos",
    "measure",
    "measure_person",
    "report_page_of",
    "spectrum_at",
    "task_objects",
    "warm",
    "weights_sha256",
]

Object = dict[str, Any]
NAME = "photo"
"""What every photo is called: names of files may name people."""
VALUES_PX = 512
_MOST_MEGAPIXELS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A photo, and what is asked of it. ambient: the dark frame of a flash pair. name: of one among several views."""

    photo: bytes
    name: str = ""
    ambient: bytes | None = None
    tasks: str | None = None
    reference: str | None = None
    condition: str | None = None
    pupils_mm: float | None = None
    close_up: bool = False

    @property
    def size(self) -> int:
        """Bytes of its photos."""
        return len(self.photo) + len(self.ambient or b"")

    @property
    def options(self) -> Object:
        """What is asked, without the photo."""
        return {
            "tasks": self.tasks,
            "reference": self.reference,
            "condition": self.condition,
            "pupils_mm": self.pupils_mm,
            "close_up": self.close_up,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An analysis as JSON, its maps, and values by pixel.

    values: (h, w) float16 by task, NaN where not measured, of the photo's shape. regions: (h, w) uint8 of
    `Region.code`. left_out: (h, w) uint8, 1 + place in `reasons`, 0 where measured or no skin.
    """

    content: Object
    pictures: tuple[Picture, ...] = ()
    values: Mapping[str, NDArray[np.float16]] = field(default_factory=dict)
    regions: LabelMap | None = None
    left_out: LabelMap | None = None
    reasons: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes, about."""
        labels = sum(layer.nbytes for layer in (self.regions, self.left_out) if layer is not None)
        values = sum(layer.nbytes for layer in self.values.values())
        return 20_000 + sum(len(picture.png) for picture in self.pictures) + values + labels

    def at(self, x_px: float, y_px: float) -> Object | None:
        """Return what was measured at a pixel of the photo; None outside of it or where nothing was."""
        photo = self.content["photo"]
        width, height = photo["width_px"], photo["height_px"]
        if self.regions is None or not (0 <= x_px < width and 0 <= y_px < height):
            return None
        rows, columns = self.regions.shape
        place = int(y_px * rows / height), int(x_px * columns / width)
        values = {task: float(layer[place]) for task, layer in self.values.items()}
        reason = 0 if self.left_out is None else int(self.left_out[place])
        return {
            "region": region_names().get(int(self.regions[place])),
            "left_out": self.reasons[reason - 1] if reason else None,
            "values": {task: round(value, 3) for task, value in values.items() if np.isfinite(value)},
            "spectrum": None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPerson:
    """What several photos say together, as JSON of schema `dermis.person/2`, and each of them by its name."""

    content: Object
    photos: Mapping[str, Measured]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What is done with photos, in workers; tests lay stand-ins in its place. warm: before the first photo comes."""

    warm: Callable[[], None]
    photo: Callable[[Asked], Measured]
    person: Callable[[Sequence[Asked]], MeasuredPerson]
    report: Callable[[Asked], bytes]
    change: Callable[[Asked, Asked], Object]
    spectrum: Callable[[Asked, float, float], Object | None]


def measure(asked: Asked) -> Measured:
    """Analyse a photo.

    Raises UnreadablePhoto for bytes that are no photo, UsageError for options that mean nothing, ModelMissing.
    """
    return _measured(_analysed(asked))


def measure_person(asked: Sequence[Asked]) -> MeasuredPerson:
    """Analyse several photos of one person, and what they say together; a photo without a name has that of its view.

    Raises as `measure`; where no photo is usable, they say nothing together.
    """
    from dataclasses import replace

    from dermis.formats.analysis_json import person_object
    from dermis.pipeline.multi_view import combine_person

    photos: dict[str, Measured] = {}
    views: list[Analysis] = []
    for one in asked:
        analysis = _analysed(one)
        seen = analysis.face.view.value if analysis.face is not None else NAME
        analysis = replace(analysis, name=_free_name(one.name or seen, photos), path="")
        photos[analysis.name] = _measured(analysis)
        views.append(replace(analysis, photo=None, skin=None))
    usable = any(view.quality.usable for view in views)
    return MeasuredPerson(content=person_object(list(photos), combine_person(views) if usable else ()), photos=photos)


def _free_name(wanted: str, taken: Mapping[str, object]) -> str:
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in names if name not in taken)


def _measured(analysis: Analysis) -> Measured:
    from dermis.formats.analysis_json import analysis_object

    content = analysis_object(analysis)
    photo, face = analysis.photo, analysis.face
    if photo is None or face is None:
        return Measured(content=content)
    placed = Placed(photo, face, VALUES_PX)
    left_out, reasons = left_out_of(analysis, face)
    return Measured(
        content=content,
        pictures=pictures_of(analysis, photo, face),
        values={
            task: placed(evidence.values, np.nan).astype(np.float16) for task, evidence in evidence_of(analysis).items()
        },
        regions=placed(face.regions, 0),
        left_out=None if left_out is None else placed(left_out, 0),
        reasons=reasons,
    )


def report_page_of(asked: Asked) -> bytes:
    """Return the report of a photo as HTML."""
    from dermis.report.page import report_page
    from dermis.tasks import TASKS

    return report_page(_analysed(asked), TASKS).encode()


def change_between_photos(before: Asked, after: Asked) -> Object:
    """Return what became of the lesions between two photos, and `after_to_before`, (2, 3) in photo pixels, or None.

    Raises InputError where they cannot be compared.
    """
    from dermis.formats.analysis_json import change_object
    from dermis.pipeline.longitudinal import change_between

    first, second = _analysed(before, lesions=True), _analysed(after, lesions=True)
    return {**change_object(change_between(first, second)), "after_to_before": _laid(second.face, first.face)}


def spectrum_at(asked: Asked, x_px: float, y_px: float) -> Object | None:
    """Return the reflectance at a pixel of the photo with its interval, None where the colour is not one of skin.

    It is that of the mean of 5 x 5 pixels about it.
    """
    from dataclasses import replace

    from dermis.colour.srgb import decode
    from dermis.core import Encoding
    from dermis.formats.images.photo import photo_from_bytes
    from dermis.pipeline.spectra import reconstruct

    photo = photo_from_bytes(asked.photo, NAME)
    rows, columns = (slice(max(0, int(place) - 2), int(place) + 3) for place in (y_px, x_px))
    near = decode(photo.pixels[rows, columns]).reshape(-1, 3).mean(axis=0)
    patch = replace(photo, pixels=near.astype(np.float32)[None, None], encoding=Encoding.LINEAR_SRGB)
    cube = reconstruct(patch, mask="all")
    if not cube.known[0, 0]:
        return None
    ends = {"reflectance": cube.values, "low": cube.low, "high": cube.high}
    return {
        "wavelengths_nm": [float(band) for band in cube.wavelengths_nm],
        **{name: [round(float(value), 4) for value in held[0, 0]] for name, held in ends.items()},
    }


def warm() -> None:
    """Load what the first photo would wait for."""
    with suppress(DermisError):  # a model that is missing is said to whoever asks
        measure(Asked(photo=(Path(__file__).parent / "data" / "warm.jpg").read_bytes()))


MEASURING = Measuring(
    warm=warm,
    photo=measure,
    person=measure_person,
    report=report_page_of,
    change=change_between_photos,
    spectrum=spectrum_at,
)


def task_objects() -> list[Object]:
    """Return the records of the tasks that can be asked here."""
    from dataclasses import asdict

    from dermis.pipeline.products import offered
    from dermis.report.formatting import map_colours

    return [
        {
            "name": task.name,
            "title": task.title,
            "question": task.question,
            "scale": {"kind": type(task.scale).__name__.lower(), **asdict(task.scale)},
            "unit": getattr(task.scale, "unit", None),
            "regions": [region.value for region in task.regions],
            "reference": task.reference,
            "group": task.group or None,
            "colours": list(map_colours(task.colours, 16)),
            "section": [type(block).__name__.removesuffix("Block").lower() for block in task.section],
        }
        for task in offered()
    ]


@lru_cache(maxsize=1)
def weights_sha256() -> Mapping[str, str]:
    """Return the SHA-256 of the weights that came with dermis, by the model's name."""
    import hashlib

    from dermis.models.weights import WEIGHTS

    found = {}
    for folder in sorted(WEIGHTS.iterdir()):
        files = [file for file in (folder / "model.onnx", folder / "prior.npz") if file.is_file()]
        if files:
            found[folder.name] = hashlib.sha256(files[0].read_bytes()).hexdigest()
    return found


def _analysed(asked: Asked, *, lesions: bool = False) -> Analysis:
    from dermis.formats.images.photo import photo_from_bytes
    from dermis.pipeline.analyse import analyse
    from dermis.tasks import TASKS

    frames = [one for one in (asked.photo, asked.ambient) if one is not None]
    for frame in frames:
        _check_size(frame)
    photo, *ambient = (photo_from_bytes(frame, asked.name or NAME) for frame in frames)
    options = AnalyseOptions(
        tasks=asked.tasks,
        reference=asked.reference,
        condition=_condition(asked),
        close_up=asked.close_up,
        pupils_mm=asked.pupils_mm,
    )
    tasks = (TASKS["acne_lesions"], TASKS["acne_grade"]) if lesions else None
    return analyse(photo, options, tasks=tasks, ambient=ambient[0] if ambient else None)


def _condition(asked: Asked) -> str | None:
    """Return the condition that the user vouches for; one that follows from what was sent need not be said."""
    follows = {"flash_pair": asked.ambient is not None, "referenced": asked.reference is not None}
    if asked.condition not in follows:
        return asked.condition
    if not follows[asked.condition]:
        raise UsageError(
            f"condition={asked.condition} was said, and nothing of the kind was sent.",
            advice="A flash pair is `photo` and `ambient`; a reference is the query `reference`.",
        )
    return None


def _check_size(data: bytes) -> None:
    from io import BytesIO

    from PIL import Image

    try:
        with Image.open(BytesIO(data)) as image:
            width, height = image.size
    except Exception:  # noqa: BLE001 -- what Pillow cannot open, the readers of photos judge
        return
    if width * height > _MOST_MEGAPIXELS * 1_000_000:
        raise UnreadablePhoto(
            f"The photo has {width * height / 1e6:.0f} megapixels; the service takes {_MOST_MEGAPIXELS}.",
            advice="Make it smaller, or use `dermis analyse`.",
        )


def _laid(face: Face | None, other: Face | None) -> list[list[float]] | None:
    """Return the affine map (2, 3) that takes the landmarks of one photo nearest to those of another."""
    if face is None or other is None or face.landmarks is None or other.landmarks is None:
        return None
    places = np.column_stack([face.landmarks[:, :2], np.ones(len(face.landmarks))])
    fitted = np.linalg.lstsq(places, other.landmarks[:, :2].astype(np.float64), rcond=None)[0]
    return [[round(float(value), 6) for value in row] for row in fitted.T]
