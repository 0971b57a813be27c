"""Our own layout; it is described and read in `dermis.lab.datasets.faces`."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Label, Ordinal, SampleKey
from dermis.formats.files import write_bytes, write_with
from dermis.formats.images.photo import write_photo
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, stream
from dermis.lab.synth.camera.scene import CHROMOPHORES, Scene, compose_scene, cube_of, lab_of, raw_of, skin_mask
from dermis.lab.synth.camera.visible_marks import VisibleMarks
from dermis.lab.synth.layouts.layout import Job, Layout, person_at, record_of
from dermis.lab.synth.lesions.raters import draw_panel, grade_by
from dermis.lab.synth.recipe import FacesRecipe
from dermis.lab.synth.record import Record
from dermis.lab.synth.subjects import Visit
from dermis.optics.isp import develop

__all__ = ["LAYOUT"]

CUBE_NM = np.arange(400.0, 1000.1, 10.0)
_GRADED = {
    "acne_grade": Ordinal(lowest=0, highest=3),
    "acne_iga": Ordinal(lowest=0, highest=4),
    "pigmentation_grade": Ordinal(lowest=0, highest=9, step=0.5),
}


def plan(recipe: FacesRecipe) -> list[Job]:
    """Return a job a person and visit; each of their views and expressions is a record."""
    return [
        Job(
            number=number,
            visit=visit,
            records=tuple(
                f"s{number:04d}_{visit}_{view}_{expression}"
                for view in recipe.views
                for expression in _faces(recipe, number)
            ),
        )
        for number in range(recipe.subjects)
        for visit in recipe.visits
    ]


def _faces(recipe: FacesRecipe, number: int) -> tuple[str, ...]:
    """Return the expression of that person: each takes one, so that a photo a person is a photo a face."""
    return (recipe.expressions[number % len(recipe.expressions)],)


def make(recipe: FacesRecipe, job: Job, names: Sequence[str], folder: Path) -> list[Record]:
    """Photograph one person at one visit."""
    person, visit = person_at(recipe, job.number, job.visit)
    records = []
    for name in names:
        subject, _, view, expression = name.split("_")
        rng = stream(recipe.seed, "photo", name)
        scene = compose_scene(person, visit, draw_everyday_shot(rng, recipe, view, expression))
        raw = raw_of(scene)
        development = everyday_isp(rng, scene.shot, raw, scene.buffers.regions > 0, recipe)
        photo = develop(raw, development, rng)
        path = folder / "photos" / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_photo(path, photo, quality=development.jpeg_quality)
        record, sightings = record_of(
            scene,
            name=name,
            key=SampleKey(dataset="faces", subject=subject, visit=job.visit, view=f"{view}_{expression}"),
            photo=f"photos/{name}.jpg",
            capture=photo.capture,
            labels=_graders(recipe, visit, name),
            files=_file_names(recipe, name),
        )
        _write_beside(recipe, scene, sightings, name, folder)
        records.append(record)
    return records


def _graders(recipe: FacesRecipe, visit: Visit, name: str) -> tuple[Label, ...]:
    panel = draw_panel(stream(recipe.seed, "panel"), recipe.graders)
    rng = stream(recipe.seed, "graders", name)
    truths = {
        "acne_grade": visit.grades.hayashi_real,
        "acne_iga": float(visit.grades.iga),
        "pigmentation_grade": visit.grades.mottled_real,
    }
    return tuple(label for task, truth in truths.items() for label in grade_by(panel, task, truth, _GRADED[task], rng))


def _file_names(recipe: FacesRecipe, name: str) -> dict[str, Any]:
    files: dict[str, Any] = {}
    if "masks" in recipe.write:
        files |= {mask: f"masks/{name}_{mask}.png" for mask in ("skin", "parts", "regions", "lesions")}
    if "maps" in recipe.write:
        files["maps"] = {"file": f"maps/{name}.npz", "names": [*CHROMOPHORES, "lab"]}
    if "cube" in recipe.write:
        files["cube"] = f"cubes/{name}.npz"
    return files


def _write_beside(recipe: FacesRecipe, scene: Scene, sightings: VisibleMarks, name: str, folder: Path) -> None:
    if "masks" in recipe.write:
        skin = skin_mask(scene).astype(np.uint8) * np.uint8(255)
        held = {
            "skin": skin,
            "parts": scene.buffers.parts,
            "regions": scene.buffers.regions,
            "lesions": sightings.numbers,
        }
        for mask, values in held.items():
            _write_png(folder / "masks" / f"{name}_{mask}.png", values)
    if "maps" in recipe.write:
        _write_arrays(folder / "maps" / f"{name}.npz", _maps(scene))
    if "cube" in recipe.write:
        values = cube_of(scene, CUBE_NM).astype(np.float16)
        _write_arrays(folder / "cubes" / f"{name}.npz", {"values": values, "wavelengths_nm": CUBE_NM})


def _maps(scene: Scene) -> dict[str, NDArray[Any]]:
    maps: dict[str, NDArray[Any]] = {}
    for name in CHROMOPHORES:
        flat = np.full(scene.diffuse.size, np.nan, np.float16)
        flat[scene.bare] = scene.skin[name]
        maps[name] = flat.reshape(scene.diffuse.shape)
    return maps | {"lab": lab_of(scene).astype(np.float16)}


def _write_png(path: Path, values: NDArray[Any]) -> None:
    from PIL import Image  # late: only writing needs it

    path.parent.mkdir(parents=True, exist_ok=True)
    write_with(path, partial(Image.fromarray(values).save, compress_level=3))


def _write_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write an NPZ, packed lightly: numpy's own takes three times as long for a tenth less."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        for name, values in arrays.items():
            plain = io.BytesIO()
            np.lib.format.write_array(plain, np.ascontiguousarray(values), allow_pickle=False)
            packed.writestr(zipfile.ZipInfo(f"{name}.npy"), plain.getbuffer(), zipfile.ZIP_DEFLATED, compresslevel=1)
    write_bytes(path, held.getvalue())


def finish(recipe: FacesRecipe, root: Path, records: Sequence[Record]) -> None:
    """Write nothing: every photo has its own record."""


LAYOUT = Layout(name="faces", plan=plan, make=make, finish=finish)
