"""Hyper-Skin's layout; it is described and read in `dermis.lab.datasets.hyper_skin`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from dermis.core import Capture, SampleKey
from dermis.core.arrays import FloatMap
from dermis.formats.cubes.arrays import write_mat
from dermis.formats.files import write_with
from dermis.lab.datasets.hyper_skin import NIR_NM, VIS_NM
from dermis.lab.synth.camera.acquisition import draw_studio_shot, stream
from dermis.lab.synth.camera.scene import Scene, compose_scene, cube_of
from dermis.lab.synth.layouts.layout import Job, Layout, person_at, record_of
from dermis.lab.synth.recipe import HyperSkinRecipe
from dermis.lab.synth.record import Record
from dermis.optics.camera import response

__all__ = ["LAYOUT"]

RGB, MSI = "Hyper-Skin(RGB, VIS)", "Hyper-Skin(MSI, NIR)"
_EXTRA_NM = 960.0


def plan(recipe: HyperSkinRecipe) -> list[Job]:
    """Return a job a person: every expression in every view."""
    return [
        Job(
            number=number,
            visit="W00",
            records=tuple(f"p{number + 1:03d}_{face}_{view}" for face in recipe.expressions for view in recipe.views),
        )
        for number in range(recipe.subjects)
    ]


def make(recipe: HyperSkinRecipe, job: Job, names: Sequence[str], folder: Path) -> list[Record]:
    """Scan one person in some views."""
    person, visit = person_at(recipe, job.number, job.visit)
    split = _split(recipe, job.number)
    records = []
    for name in names:
        subject, expression, view = name.split("_")
        rng = stream(recipe.seed, "scan", name)
        scene = compose_scene(person, visit, draw_studio_shot(rng, recipe, view, expression))
        _write(recipe, scene, split, name, folder, rng)
        record, _ = record_of(
            scene,
            name=name,
            key=SampleKey(dataset="hyper-skin", subject=subject, view=f"{expression}_{view}"),
            photo=f"{RGB}/{split}/RGB_CIE/{name}.jpg",
            capture=Capture(),
            traits={"split": split},
        )
        records.append(record)
    return records


def _split(recipe: HyperSkinRecipe, number: int) -> str:
    test, valid = (round(share * recipe.subjects) for share in (recipe.test_share, recipe.valid_share))
    place = int(np.flatnonzero(stream(recipe.seed, "split").permutation(recipe.subjects) == number)[0])
    return "test" if place < test else "valid" if place < test + valid else "train"


def _write(
    recipe: HyperSkinRecipe, scene: Scene, split: str, name: str, folder: Path, rng: np.random.Generator
) -> None:
    from PIL import Image  # late: only writing needs it

    vis, nir = _scan(recipe, scene, rng)
    rgb = np.maximum(vis @ response(scene.shot.camera, scene.shot.light, VIS_NM).astype(np.float32), 0)
    rgb = _min_max(rgb)
    extra = nir[:, :, [int(np.argmin(np.abs(NIR_NM - _EXTRA_NM)))]]
    paths = {
        key: folder / half / split / kind / name
        for key, half, kind in (
            ("rgb", RGB, "RGB_CIE"), ("vis", RGB, "VIS"), ("msi", MSI, "MSI_CIE"), ("nir", MSI, "NIR"),
        )
    }  # fmt: skip
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.rint(rgb * 255).astype(np.uint8))
    write_with(Path(f"{paths['rgb']}.jpg"), partial(picture.save, quality=97, subsampling=0))
    for key, values in (("vis", vis), ("nir", nir), ("msi", np.concatenate([rgb, extra], axis=2))):
        write_mat(Path(f"{paths[key]}.mat"), values, compression=recipe.compression)
    mask = folder / MSI / "mask" / split / f"{name}.png"
    mask.parent.mkdir(parents=True, exist_ok=True)
    person = np.isfinite(scene.buffers.depth_mm).astype(np.uint8) * np.uint8(255)
    write_with(mask, Image.fromarray(np.repeat(person[..., None], 3, axis=2)).save)


def _min_max(rgb: FloatMap) -> FloatMap:
    """Return the picture from 0 to 1, each by itself, as the source stores it: its exposure is lost."""
    darkest, brightest = float(rgb.min()), float(rgb.max())
    return (rgb - np.float32(darkest)) / np.float32(max(brightest - darkest, 1e-6))


def _scan(recipe: HyperSkinRecipe, scene: Scene, rng: np.random.Generator) -> tuple[FloatMap, FloatMap]:
    bands = np.concatenate([VIS_NM, NIR_NM[1:]])
    cube = cube_of(scene, bands, shaded=True)
    if recipe.noise > 0:
        cube += np.float32(recipe.noise) * rng.standard_normal(cube.shape, dtype=np.float32)
    np.clip(cube, 0, 1, out=cube)
    return cube[:, :, : len(VIS_NM)], cube[:, :, len(VIS_NM) - 1 :]


def finish(recipe: HyperSkinRecipe, root: Path, records: Sequence[Record]) -> None:
    """Write nothing: the layout has no file in common."""


LAYOUT = Layout(name="hyper-skin", plan=plan, make=make, finish=finish)
