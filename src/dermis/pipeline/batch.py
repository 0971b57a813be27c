"""Many photos in one run: which files, where the results go, the bundled examples."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dermis.core import Analysis
from dermis.errors import InputError, UsageError
from dermis.formats.analysis_json import analysis_object
from dermis.formats.images.container import SUFFIXES
from dermis.formats.images.masks import reduce_by
from dermis.models.registry import fetch
from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.options import AnalyseOptions
from dermis.pipeline.products import need
from dermis.pipeline.reference import read_patch
from dermis.report.maps import write_maps
from dermis.report.page import write_overview, write_report
from dermis.tasks import TASKS, choose

__all__ = [
    "EXAMPLES",
    "analyse_each",
    "check",
    "example_photos",
    "find_photos",
    "folders_for",
    "without_maps",
    "write_overview_of",
    "write_result",
]

THUMBNAIL_PX = 480


def check(options: AnalyseOptions, files: Sequence[Path]) -> None:
    """Refuse what cannot mean anything before the first photo is read.

    Raises UsageError, and ModelMissing for a task whose network is not here.
    """
    if options.tasks is not None:
        need(choose(options.tasks))
    if options.person:
        need(task for task in TASKS.values() if "lesions" in task.needs)
    if options.reference is not None:
        read_patch(options.reference)
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
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        if not inside:
            raise InputError(f"{path} is a folder without photos.", advice=f"Known: {', '.join(SUFFIXES)}.")
        files.update(dict.fromkeys(inside))
    return list(files)


def analyse_each(files: Iterable[Path], options: AnalyseOptions) -> Iterator[tuple[Path, Analysis]]:
    """Analyse file after file; one that cannot be read still gives an analysis that says why."""
    tasks = None if options.tasks is None else choose(options.tasks)
    for file in files:
        yield (
            file,
            analyse_file(
                file,
                tasks=tasks,
                close_up=options.close_up,
                mask_file=options.mask,
                parts_file=options.parts,
                reference=options.reference,
                estimate_light=options.estimate_light,
            ),
        )


def folders_for(files: Sequence[Path], out: Path) -> Mapping[Path, Path]:
    """Return the folder of each file's results: `out` itself for one file, else one named after the file."""
    if len(files) == 1:
        return {files[0]: out}
    folders: dict[Path, Path] = {}
    for file in files:
        name, number = file.stem, 1
        while out / name in folders.values():
            number += 1
            name = f"{file.stem}-{number}"
        folders[file] = out / name
    return folders


def write_result(analysis: Analysis, folder: Path) -> Path:
    """Write report.html, analysis.json and the maps of one photo; return the report."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(analysis_object(analysis), ensure_ascii=False, allow_nan=False, indent=1)
    (folder / "analysis.json").write_text(text + "\n", encoding="utf-8")
    write_maps(analysis, folder, TASKS)
    report = folder / "report.html"
    write_report(analysis, report, tasks=TASKS)
    return report


def without_maps(analysis: Analysis) -> Analysis:
    """Return the analysis with a thumbnail of the face for its photo and no maps, to be kept while others follow."""
    findings = tuple(replace(finding, evidence=None) for finding in analysis.findings)
    photo, face = analysis.photo, analysis.face
    if photo is not None:
        pixels = photo.pixels
        if face is not None:
            frame = face.frame
            rows = slice(frame.y_px, frame.y_px + frame.height * frame.factor)
            pixels = pixels[rows, frame.x_px : frame.x_px + frame.width * frame.factor]
        step = max(1, max(pixels.shape) // THUMBNAIL_PX)
        photo = replace(photo, pixels=np.ascontiguousarray(reduce_by(pixels, step)))
    return replace(analysis, photo=photo, face=None, skin=None, lesions=None, findings=findings)


def write_overview_of(analyses: Sequence[tuple[Analysis, Path]], out: Path) -> Path:
    """Write the overview of several reports, given each analysis with its folder; return it."""
    links = [f"{folder.relative_to(out).as_posix()}/report.html" for _, folder in analyses]
    overview = out / "report.html"
    write_overview([analysis for analysis, _ in analyses], overview, links, tasks=TASKS)
    return overview


EXAMPLES = ("P002_selfie", "P004_selfie", "P007_selfie", "P010_studio")
"""Portraits of the zoo, from light to dark skin, in other light each; the astronaut's face is too small."""


def example_photos(folder: Path) -> list[Path]:
    """Copy the example photos into `folder`: synthetic people, and NASA's portrait of Eileen Collins.

    Raises ModelMissing where they are not on this machine and cannot be fetched.
    """
    from PIL import Image  # late, as scikit-image: only the demo needs them
    from skimage import data

    folder.mkdir(parents=True, exist_ok=True)
    photos = [folder / f"{name}.jpg" for name in EXAMPLES]
    for name, photo in zip(EXAMPLES, photos, strict=True):
        shutil.copyfile(fetch(name), photo)
    astronaut = folder / "astronaut.png"
    Image.fromarray(data.astronaut()).save(astronaut)
    return [*photos, astronaut]
