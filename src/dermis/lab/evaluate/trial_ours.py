"""Ours in the comparison chart of the pigmentation trial: pixels of a side are read, and two learners grade them.

A masked photo says itself what is judged. It is laid on the grid of brown marks; of one pixel in six the clues are read
(`dermis.tasks.pigmentation.skin_grid`), and what the network of brown marks says there. The answer is the mean of two:

- A small perceptron makes of each pixel by how much L* a mark darkens it; the grade follows from its mean over the side
  as on made heads, 9 (burden / 5)^(1/3), with a scale and an offset of its own.
- Support vector regression on how the clues are spread over the side (`spread_of`).

Both learn from the graders' mean of the people of the other folds, and from other made people (`TEACHERS`): the first
from their pixels, whose marks are known, the second from their true grades. Answers are real numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.colour.srgb import decode
from dermis.core import Photo, Sample
from dermis.formats.files import write_arrays, write_with
from dermis.formats.images.photo import read_photo, write_photo
from dermis.lab.synth.camera.acquisition import stream
from dermis.lab.synth.camera.render import sample
from dermis.lab.synth.layouts.hyperpigmentation import photograph_side, side_grades
from dermis.lab.synth.layouts.layout import person_at
from dermis.lab.synth.lesions.grades import BURDEN_AT_9, VISIBLE, pigment_contrast
from dermis.lab.synth.lesions.rasterise import lay_out
from dermis.lab.synth.recipe import TrialRecipe, read_recipe
from dermis.lab.synth.skin.colour import tone_curve
from dermis.tasks.pigmentation.contrast import resized
from dermis.tasks.pigmentation.mark_network import mark_network
from dermis.tasks.pigmentation.skin_grid import CLUES, GRID_MM, SkinGrid, clues_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NAME", "SAID", "TARGET", "TEACHERS", "Others", "answers_of_folds", "masked_grid", "others_of", "pixels_of",
    "side_pixels", "spread_of",
]  # fmt: skip

NAME = "pigmentation-ours"
TARGET, SAID = "target.pigmentation_grade", "predicted.pigmentation_grade"
TEACHERS = (
    "seed=8453", "size_px=256", "subjects=150", 'conditions=["trial", "trial_mixed", "mottled"]',
)  # fmt: skip
"""What is changed of the trial's recipe for the people whose pixels teach; each is seen from one side at one visit."""
_BLACK = 12 / 255
"""A masked photo is black up to here, with what JPEG leaves."""
_SIDE_MM2 = 15_000.0
"""Area of skin that a masked side shows: its scale where nothing else tells one."""
_BORDER_MM, _FAR_MM, _FACE_MM = 2.0, 20.0, 140.0
_OPEN = 0.95
_CELL, _USED = (2, 3), 4
"""One pixel of each cell of the grid, so many rows and columns, is read and kept; every fourth of these is used."""
_DARKEST = 0.004
_FEWEST_PIXELS = 64
_FARTHEST = 6.0
LAYERS, STEPS, PHOTOS, PIXELS, OTHERS, RATE, DECAY = (64, 32), 600, 24, 256, 2048, 3e-3, 1e-3
"""Of the perceptron and its fit: steps, photos a step, pixels of each, pixels of others, rate, decay."""
_PENALTY, _GAMMA, _TUBE = 10.0, 3e-4, 0.2
_TOLD = [
    *(at for at, name in enumerate(CLUES)
      if name.startswith(("dark_", "ridge", "texture", "red_s", "blue_s", "shade"))),
    len(CLUES), len(CLUES) + 1,
]  # fmt: skip
"""Which columns of what is read tell of marks: clues of darkness and shape, the chance of a mark, its density."""
_QUANTILES = (0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99)
_LEAST_SPREAD = 0.01

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]
_NOTHING: Halves = np.zeros((0, 0), np.float16)


def masked_grid(photo: Photo, *, mirrored: bool) -> SkinGrid | None:
    """Return a masked side of a face on the grid of brown marks; None where hardly anything is left of it.

    mirrored: for one of the two sides, so that places mean the same on both.
    """
    from scipy.ndimage import binary_opening, distance_transform_edt  # late: 0.1 s

    kept = np.asarray(binary_opening(photo.pixels.max(axis=2) > _BLACK), np.bool_)
    if np.count_nonzero(kept) < _FEWEST_PIXELS:
        return None
    window = tuple(slice(int(at.min()), int(at.max()) + 1) for at in np.nonzero(kept))
    pitch = GRID_MM * np.sqrt(np.count_nonzero(kept) / _SIDE_MM2)
    shape = (max(8, round((window[0].stop - window[0].start) / pitch)),
             max(8, round((window[1].stop - window[1].start) / pitch)))  # fmt: skip
    inside = kept[window].astype(np.float32)
    share = resized(inside, shape)
    linear = np.asarray(decode(photo.pixels[window]), np.float32) * inside[..., None]
    edge = GRID_MM * distance_transform_edt(np.pad(share > _OPEN, 1))[1:-1, 1:-1]
    judged = np.asarray(edge > _BORDER_MM, np.bool_)
    if np.count_nonzero(judged) < _FEWEST_PIXELS:
        return None
    rows, columns = np.mgrid[: shape[0], : shape[1]] * GRID_MM / _FACE_MM
    beside = (columns - columns[judged].mean()) * (-1 if mirrored else 1)
    far = np.asarray(np.minimum(edge, _FAR_MM), np.float32)
    skin = np.asarray(resized(linear, shape) / np.maximum(share, 1e-3)[..., None], np.float32)
    return SkinGrid(
        window=(window[0], window[1]), linear=skin,
        judged=judged, glossy=np.zeros_like(judged), to_edge_mm=far, to_parts_mm=far, beside=beside.astype(np.float32),
        below=(rows - rows[judged].mean()).astype(np.float32),
    )  # fmt: skip


def side_pixels(grid: SkinGrid, *, seed: int) -> tuple[Halves, NDArray[np.intp]]:
    """Return what is read of one pixel of each cell (n, k), and which of the judged ones these are (n,).

    Clues, what the network of brown marks says, densities there and their means over the side.
    """
    clues = clues_of(grid)
    chance, density = mark_network().answer(clues)
    level = -100 * np.log10(np.maximum(grid.linear[grid.judged], _DARKEST))
    rows, columns = np.nonzero(grid.judged)
    mixed = np.random.default_rng(seed).permutation(len(clues))
    cell = (rows // _CELL[0]) * grid.judged.shape[1] + columns // _CELL[1]
    some = np.sort(mixed[np.unique(cell[mixed], return_index=True)[1]])
    means = np.broadcast_to(level.mean(axis=0), (len(some), 3))
    read = [clues[some], chance[some, None], density[some, None], level[some], means]
    return np.nan_to_num(np.concatenate(read, axis=1)).astype(np.float16), some


def pixels_of(samples: Sequence[Sample], kept: Path) -> list[Halves | None]:
    """Return what is read of each sample, None where it shows no skin; kept: a folder that holds it between runs."""
    kept.mkdir(parents=True, exist_ok=True)
    return [_kept(one, kept / f"{str(one.key).replace('/', '_')}.npy") for one in samples]


def _kept(one: Sample, file: Path) -> Halves | None:
    if not file.is_file():
        photo = one.read()
        assert isinstance(photo, Photo)
        grid = masked_grid(photo, mirrored=one.key.view.startswith("right"))
        read = _NOTHING if grid is None else side_pixels(grid, seed=int(np.count_nonzero(grid.judged)))[0]
        write_with(file, lambda draft: np.save(draft, read))
    held: Halves = np.load(file, mmap_mode="r")
    return np.array(held[::_USED]) if held.size else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Other made people: pixels (n, k) of each, and by how much L* beyond what is just visible marks darken them (n,).

    seen, true: of each person (p,), the grade of what the photo shows, and that of the whole side.
    """

    pixels: tuple[Halves, ...]
    contrast: tuple[Floats, ...]
    seen: Floats
    true: Floats


def others_of(kept: Path, changes: Sequence[str] = TEACHERS) -> Others:
    """Return the pixels of the people who teach; kept: a folder that holds them between runs."""
    recipe = read_recipe("pigmentation-trial", changes)
    assert isinstance(recipe, TrialRecipe)
    kept.mkdir(parents=True, exist_ok=True)
    found = [one for one in _others(recipe, kept) if one["pixels"].size]
    return Others(
        pixels=tuple(one["pixels"][::_USED] for one in found),
        contrast=tuple(one["contrast"][::_USED].astype(np.float32) for one in found),
        seen=np.array([grade_of(float(one["seen"])) for one in found], np.float32),
        true=np.array([one["true"] for one in found], np.float32),
    )


def grade_of(burden: float) -> float:
    """Return the grade of a burden in L*, 0 to 9."""
    return float(min(9.0, 9 * np.cbrt(max(burden, 0.0) / BURDEN_AT_9)))


def _others(recipe: TrialRecipe, kept: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    with TemporaryDirectory() as draft:
        for number in range(recipe.subjects):
            file = kept / f"{number:04d}.npz"
            if not file.is_file():
                write_arrays(file, _other(recipe, number, Path(draft) / "side.jpg"))
            with np.load(file) as held:
                yield dict(held)


def _other(recipe: TrialRecipe, number: int, draft: Path) -> dict[str, Any]:
    visit_name, side = "W00" if number % 3 else "W17", "LR"[number % 2]
    person, visit = person_at(recipe, number, visit_name)
    draw = stream(recipe.seed, "photo", number)
    scene, photo, quality = photograph_side(draw, recipe, number, person, visit, side)
    write_photo(draft, photo, quality=quality)
    grid = masked_grid(read_photo(draft), mirrored=side == "R")
    tone = person.subject.tone
    curve = tone_curve(tone.blood_fraction, tone.oxygen_saturation)
    brown = pigment_contrast(lay_out(visit.specs, person.atlas), visit.base, person.atlas, curve)
    truth = sample(np.maximum(brown - VISIBLE, 0), scene.buffers)
    if grid is None:
        return {"pixels": _NOTHING, "contrast": np.zeros(0), "seen": 0.0, "true": 0.0}
    there = resized(truth[grid.window], grid.judged.shape)[grid.judged]
    pixels, some = side_pixels(grid, seed=number)
    return {"pixels": pixels, "contrast": there[some].astype(np.float16), "seen": there.mean(),
            "true": side_grades(visit, side)[1]}  # fmt: skip


def spread_of(pixels: Halves) -> Floats:
    """Return how scaled pixels (n, k) of a side are spread (m,): quantiles, means and deviations of what tells."""
    told, level = pixels[:, _TOLD].astype(np.float32), pixels[0, -3:].astype(np.float32)
    ordered = np.sort(told, axis=0)[(np.array(_QUANTILES) * (len(told) - 1)).astype(np.intp)]
    return np.concatenate([ordered.ravel(), told.mean(axis=0), np.log(told.std(axis=0) + _LEAST_SPREAD), level])


def answers_of_folds(
    pixels: Mapping[str, Halves | None], others: Others, tables: Sequence[pd.DataFrame], *, teaches: str = ""
) -> list[pd.DataFrame]:
    """Return the tables of the folds with our answers in place of those they hold.

    pixels: by key. teaches: the only profile of people who teach; all by default.
    """
    scale = _scale(np.concatenate(others.pixels))
    shown = {key: _scaled(one, scale) for key, one in pixels.items() if one is not None}
    spread = {key: spread_of(one) for key, one in shown.items()}
    beside = [_scaled(one, scale) for one in others.pixels]
    beside_spread = np.stack([spread_of(one) for one in beside])
    of_pixels = (np.concatenate(beside), np.concatenate(others.contrast))
    found = []
    for fold, table in enumerate(tables):
        known = table["key"].isin(spread).to_numpy()
        grades = table[TARGET].to_numpy(float)
        taught = (table["part"] == "train").to_numpy() & known & np.isfinite(grades)
        if teaches:
            taught &= (table["trait.profile"] == teaches).to_numpy()
        lessons, asked = (table["key"][which] for which in (taught, known))
        of_sides = _learnt_of_sides([spread[key] for key in lessons], grades[taught],
                                    (beside_spread, others.true), [spread[key] for key in asked])  # fmt: skip
        summed = learnt([shown[key] for key in lessons], grades[taught], of_pixels, [shown[key] for key in asked],
                        seed=fold)  # fmt: skip
        said = np.full(len(table), np.nan)
        said[known] = np.clip((of_sides + summed) / 2, 0, 9)
        found.append(table.assign(**{SAID: said}))
    return found


def _learnt_of_sides(
    lessons: Sequence[Floats], grades: NDArray[np.float64], beside: tuple[Floats, Floats], asked: Sequence[Floats]
) -> NDArray[np.float64]:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    inputs = np.concatenate([np.stack(lessons), beside[0]])
    right = np.concatenate([grades, beside[1]])
    model = make_pipeline(StandardScaler(), SVR(C=_PENALTY, gamma=_GAMMA, epsilon=_TUBE))
    return np.asarray(model.fit(inputs, right).predict(np.stack(asked)), np.float64)


def _scale(pixels: Halves) -> tuple[Floats, Floats]:
    some = pixels[::9].astype(np.float32)
    return some.mean(axis=0), some.std(axis=0) + np.float32(1e-3)


def _scaled(pixels: Halves, scale: tuple[Floats, Floats]) -> Halves:
    mean, spread = scale
    return np.asarray(np.clip((pixels - mean) / spread, -_FARTHEST, _FARTHEST), np.float16)


def learnt(
    lessons: Sequence[Halves], grades: NDArray[np.float64], beside: tuple[Halves, Floats], asked: Sequence[Halves], *,
    seed: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Return the grades of `asked`, learnt from photos and their grades, and from other pixels `beside` with theirs."""
    import torch  # late: a second
    from torch import nn
    from torch.nn.functional import smooth_l1_loss, softplus

    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    wide, narrow = LAYERS
    net = nn.Sequential(nn.Linear(beside[0].shape[1], wide), nn.ReLU(), nn.Linear(wide, narrow), nn.ReLU(),
                        nn.Linear(narrow, 1))  # fmt: skip
    line = nn.Parameter(torch.zeros(2))
    optimiser = torch.optim.AdamW(
        [{"params": net.parameters(), "weight_decay": DECAY}, {"params": [line], "weight_decay": 0.0}], lr=RATE
    )
    course = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS, pct_start=0.15)
    right = torch.from_numpy(grades.astype(np.float32))

    def contrast(pixels: Halves) -> torch.Tensor:
        return softplus(net(torch.from_numpy(pixels.astype(np.float32)))[..., 0] - 1)

    def graded(burden: torch.Tensor) -> torch.Tensor:
        return 9 * (burden / BURDEN_AT_9 * torch.exp(line[0]) + 1e-4) ** (1 / 3) + line[1]

    for _ in range(STEPS):
        photos = draw.integers(len(lessons), size=PHOTOS)
        some = np.stack([lessons[one][draw.integers(len(lessons[one]), size=PIXELS)] for one in photos])
        at = draw.integers(len(beside[0]), size=OTHERS)
        true = torch.from_numpy(beside[1][at])
        loss = smooth_l1_loss(graded(contrast(some).mean(dim=1)), right[photos])
        loss = loss + ((contrast(beside[0][at]) - true) ** 2 / (1 + true)).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        course.step()
    with torch.inference_mode():
        return np.array([float(graded(contrast(one).mean())) for one in asked])
