"""The fit of the network of brown marks, as `dermis train brown-marks` does it.

Clear faces teach: pictures of people who do not exist (openpeople, MIT) and photos of clear adults in many rooms
(Caltech-101, CC BY 4.0); of both only the people with odd numbers, the others judge. Each is painted and photographed
anew several times (`dermis.lab.synth.lesions.painted_photo`), and small perceptrons learn from the clues of each
pixel whether a mark was painted there, and how much melanin. Several that begin and draw differently answer by the
mean of their last values, written as one. A fifth of the photos chooses nothing and tells how well.

Painted borders are narrower here, and marks fainter, than outlined ones are: a network that has seen soft and dark ones
takes the soft shade beside a laughing mouth, and between shining places, for pigment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from dermis.metrics.ordinal import auroc
from dermis.pipeline.analyse import measure_skin
from dermis.tasks.pigmentation.contrast import resized
from dermis.tasks.pigmentation.mark_network import FILE
from dermis.tasks.pigmentation.skin_grid import CLUES, clues_of, skin_grid

__all__ = ["Lesson", "cut_out", "fit", "fit_table", "is_taught", "lessons", "teaching_photos"]

SEED = 7
PIXELS = 6000
MARKED = 2.5
"""100 x green density from which a pixel is in a mark: about one just noticeable difference."""
LEFT_OUT = ("dark_22.0", "red_22.0", "blue_22.0", "beside_midline", "below_eyes")
"""Clues that the fit does not see: they tell which face it is."""
LAYERS, BATCH, RATE = (48, 24), 4096, 4e-3
_RANGES = (("faintest", "strongest"), ("narrowest", "widest"))
_JUDGED_EVERY = 5
_FARTHEST = 6.0
_MARGIN_PX = 8

_Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Pixels of one painted photo: clues (n, k), and the 100 x green density that was painted there (n,)."""

    photo: int
    clues: NDArray[np.float32]
    density: NDArray[np.float32]


def is_taught(person: str) -> bool:
    """Return whether a person of either set teaches: those whose number is odd."""
    return int("".join(filter(str.isdigit, person))) % 2 == 1


def teaching_photos(portraits: Path, caltech: Path, numbers: Mapping[str, float]) -> Iterator[tuple[Path, int]]:
    """Yield the photos that teach, each with how often it is painted anew.

    numbers: `portrait_shots`, and `adult_shots` of each of `adult_photos` of a person.
    """
    a_person = int(numbers["adult_photos"])
    for path in sorted(portraits.glob("*.jpg")):
        if is_taught(path.stem.split("_")[0]):
            yield path, int(numbers["portrait_shots"])
    people: dict[str, list[str]] = {}
    for row in read_table(caltech / "labels.csv", needs=("file", "person")):
        people.setdefault(row["person"], []).append(row["file"])
    for person, files in people.items():
        if is_taught(person):
            for file in files[:: max(1, len(files) // a_person)][:a_person]:
                yield caltech / file, int(numbers["adult_shots"])


def lessons(portraits: Path, caltech: Path, numbers: Mapping[str, float], *, seed: int = SEED) -> Iterator[Lesson]:
    """Yield the painted photos of all that teach.

    numbers: those of `teaching_photos`, and `clear_share`, `faintest` and `strongest`, `narrowest` and `widest`, which
    `with_marks` calls clear_share, strength and borders.
    """
    strength, borders = ((numbers[low], numbers[high]) for low, high in _RANGES)
    rng = np.random.default_rng(seed)
    for number, (path, times) in enumerate(teaching_photos(portraits, caltech, numbers)):
        photo = read_photo(path)
        face = find_face(photo)
        if face is None or face.landmarks is None:
            continue
        face, skin = cut_out(face, measure_skin(crop(photo, face.frame), photo, face))
        grid = skin_grid(face, skin)
        if grid is None:
            continue
        for _ in range(times):
            plain = with_look_alikes(rng, face, skin.linear)
            painted, density = with_marks(
                rng, face, plain, clear_share=numbers["clear_share"], strength=strength, borders=borders
            )
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


def fit(
    clues: NDArray[np.float32], density: NDArray[np.float32], numbers: Mapping[str, float], *, seed: int = SEED
) -> Mapping[str, Any]:
    """Return the arrays of `dermis.tasks.pigmentation.mark_network.FILE` for clues (n, k) and painted density (n,).

    numbers: `networks`, and of each `rounds` through the pixels, `dropout` and `decay` of its weights.
    """
    mean, spread = np.nanmean(clues, axis=0), np.nanstd(clues, axis=0) + 1e-3
    seen = np.array([name not in LEFT_OUT for name in CLUES])
    inputs = np.clip(np.nan_to_num((clues - mean) / spread), -_FARTHEST, _FARTHEST) * seen
    each = [_taught(inputs, density, numbers, seed + place) for place in range(int(numbers["networks"]))]
    each = [[(layers[0][0] * seen[:, None], layers[0][1]), *layers[1:]] for layers in each]
    arrays: dict[str, Any] = {"clues": np.array(CLUES), "mean": mean, "spread": spread}
    for place, (weights, offsets) in enumerate(_as_one(each)):
        arrays[f"weights_{place}"], arrays[f"offsets_{place}"] = weights, offsets
    return arrays


def _taught(
    inputs: NDArray[np.float32], density: NDArray[np.float32], numbers: Mapping[str, float], seed: int
) -> list[_Layer]:
    """Return the layers of one network."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    told, truth = torch.tensor(inputs), torch.tensor(density)
    first, second = LAYERS
    network = nn.Sequential(
        nn.Linear(len(CLUES), first), nn.ReLU(), nn.Dropout(numbers["dropout"]), nn.Linear(first, second), nn.ReLU(),
        nn.Linear(second, 2),
    )  # fmt: skip
    steps = max(1, int(numbers["rounds"]) * len(truth) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=numbers["decay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)
    drawn = np.random.default_rng(seed)
    for _ in range(steps):
        some = torch.tensor(drawn.integers(len(truth), size=BATCH))
        answers, wanted = network(told[some]), truth[some]
        chance = nn.functional.binary_cross_entropy_with_logits(answers[:, 0], (wanted > MARKED).float())
        amount = (nn.functional.softplus(answers[:, 1]) - wanted).abs().pow(1.5).mean()
        optimiser.zero_grad()
        (chance + 0.05 * amount).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    return [(layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy()) for layer in linear]


def _as_one(networks: Sequence[Sequence[_Layer]]) -> list[_Layer]:
    """Return layers whose last values are the mean of those of the networks: side by side, with nothing between."""
    first, second, last = zip(*networks, strict=True)
    return [
        (np.concatenate([weights for weights, _ in first], axis=1), np.concatenate([offsets for _, offsets in first])),
        (_blocks([weights for weights, _ in second]), np.concatenate([offsets for _, offsets in second])),
        (np.concatenate([weights for weights, _ in last]) / len(last), np.mean([offsets for _, offsets in last], 0)),
    ]


def _blocks(parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    from scipy.linalg import block_diag  # late: 0.1 s

    return np.asarray(block_diag(*parts), np.float32)


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the network to `out`; return how well photos that taught nothing are told."""
    from dermis.tasks.pigmentation.mark_network import MarkNetwork

    told = list(lessons(folders["portraits"], folders["adults"], recipe.fit, seed=recipe.seed))
    clues = np.concatenate([one.clues for one in told])
    density = np.concatenate([one.density for one in told])
    judged = np.concatenate([np.full(len(one.density), one.photo % _JUDGED_EVERY == 0) for one in told])
    arrays = fit(clues[~judged], density[~judged], recipe.fit, seed=recipe.seed)
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
