"""Many photos in one run: which files, what is asked of them, the bundled examples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from dermis.errors import InputError, UsageError
from dermis.formats.files import make_folder, write_bytes, write_with
from dermis.formats.images.container import SUFFIXES
from dermis.models.registry import fetch
from dermis.pipeline.light.lighting import check_lighting
from dermis.pipeline.options import AnalyseOptions
from dermis.pipeline.products import need
from dermis.tasks import TASKS, choose

__all__ = [
    "EXAMPLES",
    "check",
    "example_photos",
    "find_photos",
]


def check(options: AnalyseOptions, files: Sequence[Path]) -> None:
    """Refuse what cannot mean anything before the first photo is read.

    Raises UsageError, and ModelMissing for a task whose network is not here.
    """
    if options.tasks is not None:
        need(choose(options.tasks))
    if options.person:
        need(task for task in TASKS.values() if "lesions" in task.needs)
    check_lighting(options)
    if options.flash_pair is not None and len(files) > 1:
        raise UsageError(
            f"--flash-pair is of one face, and {len(files)} photos were given.", advice="Give the pair alone."
        )
    drawn = [name for name, path in (("--mask", options.mask), ("--parts", options.parts)) if path is not None]
    if drawn and len(files) > 1:
        raise UsageError(
            f"{drawn[0]} belongs to one photo, and {len(files)} were given.",
            advice="Analyse the photos one by one, each with its own.",
        )
    if len(drawn) > 1:
        raise UsageError("--mask and --parts were given.", advice="Give one; parts say which skin is measured.")


def find_photos(paths: Iterable[Path]) -> list[Path]:
    """Return the files named, and for folders the photos directly inside, in order, none twice.

    Raises InputError for a folder without photos.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            files[path] = None
            continue
        inside = _photos_inside(path)
        if not inside:
            raise InputError(f"{path} is a folder without photos.", advice=f"Known: {', '.join(SUFFIXES)}.")
        files.update(dict.fromkeys(inside))
    return list(files)


def _photos_inside(folder: Path) -> list[Path]:
    """Return the photos directly in a folder; what begins with a dot is a system's own, as Apple's `._IMG_1.JPG`."""
    try:
        return sorted(
            file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
        )
    except OSError as fault:
        raise InputError(f"{folder} cannot be read: {fault.strerror}.", advice="Check the folder.") from None


EXAMPLES = ("P002_selfie", "P004_selfie", "P007_selfie", "P010_studio")
"""Portraits of the zoo, from light to dark skin, in other light each; the astronaut's face is too small."""


def example_photos(folder: Path) -> list[Path]:
    """Copy the example photos into `folder`: synthetic people, and NASA's portrait of Eileen Collins.

    Raises ModelMissing where they are not on this machine and cannot be fetched.
    """
    from PIL import Image  # late, as scikit-image: only the demo needs them
    from skimage import data

    make_folder(folder)
    photos = [folder / f"{name}.jpg" for name in EXAMPLES]
    for name, photo in zip(EXAMPLES, photos, strict=True):
        write_bytes(photo, fetch(name).read_bytes())
    astronaut = write_with(folder / "astronaut.png", Image.fromarray(data.astronaut()).save)
    return [*photos, astronaut]
