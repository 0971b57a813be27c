"""The fit of the network of brown marks, as `dermis train brown-marks` does it.

Clear faces teach: pictures of people who do not exist (openpeople, MIT) and photos of clear adults in many rooms
(Caltech-101, CC BY 4.0); of both only the people with odd numbers, the others judge. Each is painted and photographed
anew several times (`dermis.lab.synth.lesions.painted_photo`), and a small perceptron learns from the clues of each
pixel whether a mark was painted there, and how much melanin. A fifth of the photos chooses nothing and tells how well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import CropFrame, Face, Skin
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.formats.files import write_arrays
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.synth.lesions.painted_photo import photographed, with_look_alikes, with_marks
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.sources import PORTRAITS_NAME
from dermis.metrics.ordinal import auroc
from dermis.pipeline.analyse import measure_skin
from dermis.tasks.pigmentation.contrast import resized
from dermis.tasks.pigmentation.mark_network import FILE
from dermis.tasks.pigmentation.skin_grid import CLUES, clues_of, skin_grid

__all__ = ["Lesson", "cut_out", "fit", "fit_table", "is_taught", "lessons", "teaching_photos"]

SEED = 7
TIMES = {PORTRAITS_NAME: 8, "caltech_faces_light": 5}
"""How often each photo is painted anew."""
A_PERSON = 4
PIXELS = 6000
MARKED = 2.5
"""100 x green density from which a pixel is in a mark: about one just noticeable difference."""
LEFT_OUT = ("dark_22.0", "red_22.0", "blue_22.0", "beside_midline", "below_eyes")
"""Clues that the fit does not see: they tell which face it is."""
LAYERS, ROUNDS, BATCH, RATE, DECAY, DROPOUT = (48, 24), 4, 4096, 4e-3, 0.1, 0.2
_JUDGED_EVERY = 5
_FARTHEST = 6.0
_MARGIN_PX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Pixels of one painted photo: clues (n, k), and the 100 x green density that was painted there (n,)."""

    photo: int
    clues: NDArray[np.float32]
    density: NDArray[np.float32]


def is_taught(person: str) -> bool:
    """Return whether a person of either set teaches: those whose number is odd."""
    return int("".join(filter(str.isdigit, person))) % 2 == 1


def teaching_photos(portraits: Path, caltech: Path) -> Iterator[tuple[Path, int]]:
    """Yield the photos that teach, each with how often."""
    for path in sorted(portraits.glob("*.jpg")):
        if is_taught(path.stem.split("_")[0]):
            yield path, TIMES[PORTRAITS_NAME]
    people: dict[str, list[str]] = {}
    for row in read_table(caltech / "labels.csv", needs=("file", "person")):
        people.setdefault(row["person"], []).append(row["file"])
    for person, files in people.items():
        if is_taught(person):
            for file in files[:: max(1, len(files) // A_PERSON)][:A_PERSON]:
                yield caltech / file, TIMES["caltech_faces_light"]


def lessons(portraits: Path, caltech: Path, *, seed: int = SEED) -> Iterator[Lesson]:
    """Yield the painted photos of all that teach."""
    rng = np.random.default_rng(seed)
    for number, (path, times) in enumerate(teaching_photos(portraits, caltech)):
        photo = read_photo(path)
        face = find_face(photo)
        if face is None or face.landmarks is None:
            continue
        face, skin = cut_out(face, measure_skin(crop(photo, face.frame), photo, face))
        grid = skin_grid(face, skin)
        if grid is None:
            continue
        for _ in range(times):
            painted, density = with_marks(rng, face, with_look_alikes(rng, face, skin.linear))
            seen = resized(photographed(rng, face, painted)[grid.window], grid.judged.shape)
            clues = clues_of(replace(grid, linear=seen))
            truth = resized(density[grid.window], grid.judged.shape)[grid.judged]
            some = rng.choice(len(truth), min(PIXELS, len(truth)), replace=False)
            yield Lesson(photo=number, clues=clues[some], density=truth[some])


def cut_out(face: Face, skin: Skin) -> tuple[Face, Skin]:
    """Return the part of the frame with the skin that is judged, for what else it shows costs time."""
    grid = skin_grid(face, skin)
    if grid is None:
        return face, skin
    part = tuple(slice(max(0, one.start - _MARGIN_PX), one.stop + _MARGIN_PX) for one in grid.window)

    def cut(values: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(values[part])

    height, width = face.skin[part].shape
    frame = CropFrame(
        x_px=face.frame.x_px + part[1].start * face.frame.factor,
        y_px=face.frame.y_px + part[0].start * face.frame.factor,
        width=width, height=height, factor=face.frame.factor,
    )  # fmt: skip
    smaller = replace(
        face, frame=frame, segmentation=cut(face.segmentation), regions=cut(face.regions), skin=cut(face.skin),
        confidence=None,
    )  # fmt: skip
    excluded = {name: cut(mask) for name, mask in skin.excluded.items()}
    return smaller, replace(
        skin, linear=cut(skin.linear), visible=cut(skin.visible), measured=cut(skin.measured),
        regions=cut(skin.regions), excluded=excluded,
    )  # fmt: skip


def fit(clues: NDArray[np.float32], density: NDArray[np.float32], *, rounds: int = ROUNDS) -> Mapping[str, Any]:
    """Return the arrays of `dermis.tasks.pigmentation.mark_network.FILE` for clues (n, k) and painted density (n,)."""
    import torch
    from torch import nn

    torch.manual_seed(SEED)
    mean, spread = np.nanmean(clues, axis=0), np.nanstd(clues, axis=0) + 1e-3
    seen = np.array([name not in LEFT_OUT for name in CLUES])
    inputs = torch.tensor(np.clip(np.nan_to_num((clues - mean) / spread), -_FARTHEST, _FARTHEST) * seen)
    truth = torch.tensor(density)
    first, second = LAYERS
    network = nn.Sequential(
        nn.Linear(len(CLUES), first), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(first, second), nn.ReLU(),
        nn.Linear(second, 2),
    )  # fmt: skip
    steps = max(1, rounds * len(truth) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)
    drawn = np.random.default_rng(SEED)
    for _ in range(steps):
        some = torch.tensor(drawn.integers(len(truth), size=BATCH))
        answers, wanted = network(inputs[some]), truth[some]
        chance = nn.functional.binary_cross_entropy_with_logits(answers[:, 0], (wanted > MARKED).float())
        amount = (nn.functional.softplus(answers[:, 1]) - wanted).abs().pow(1.5).mean()
        optimiser.zero_grad()
        (chance + 0.05 * amount).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    arrays: dict[str, Any] = {"clues": np.array(CLUES), "mean": mean, "spread": spread}
    for place, layer in enumerate(linear):
        weights = layer.weight.detach().numpy().T.copy()
        arrays[f"weights_{place}"] = weights * seen[:, None] if place == 0 else weights
        arrays[f"offsets_{place}"] = layer.bias.detach().numpy()
    return arrays


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the network to `out`; return how well photos that taught nothing are told."""
    from dermis.tasks.pigmentation.mark_network import MarkNetwork

    told = list(lessons(folders["portraits"], folders["adults"], seed=recipe.seed))
    clues = np.concatenate([one.clues for one in told])
    density = np.concatenate([one.density for one in told])
    judged = np.concatenate([np.full(len(one.density), one.photo % _JUDGED_EVERY == 0) for one in told])
    arrays = fit(clues[~judged], density[~judged], rounds=int(recipe.fit["rounds"]))
    write_arrays(out / FILE.name, arrays)
    network = MarkNetwork(
        mean=arrays["mean"], spread=arrays["spread"],
        layers=tuple((arrays[f"weights_{place}"], arrays[f"offsets_{place}"]) for place in range(3)),
    )  # fmt: skip
    chance, found = network.answer(clues[judged])
    truth = density[judged]
    return {
        "painted_photos": len(told), "pixels_judged": len(truth), "auc": float(auroc(truth > MARKED, chance)),
        "density_correlation": float(np.corrcoef(found, truth)[0, 1]),
    }  # fmt: skip
