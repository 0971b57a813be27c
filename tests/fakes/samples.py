"""Samples for recipes, in memory: photos of flat colour with a few dots, whose labels follow from what is seen."""

import numpy as np

from dermis.colour import srgb_to_lab
from dermis.core import (
    Box,
    Capture,
    Cube,
    Detection,
    Encoding,
    Label,
    Origin,
    Photo,
    Quantity,
    Region,
    Sample,
    SampleKey,
)
from dermis.lab.networks.settings import bands_of

CAMERAS = ("Sweet One", "Sour Two", "Plain Three")


def fake_sample(place: int, recipe, *, height: int = 40, width: int = 36) -> Sample:
    rng = np.random.default_rng(place)
    colour = rng.uniform([0.35, 0.2, 0.15], [0.95, 0.8, 0.7])
    pixels = np.clip(colour + rng.normal(0, 0.02, (height, width, 3)), 0, 1).astype(np.float32)
    dots = place % 4
    cells = rng.permutation((height // 8) * (width // 8))[:dots]  # no two photos alike
    corners = [(8 * (int(cell) // (width // 8)) + 2, 8 * (int(cell) % (width // 8)) + 2) for cell in cells]
    for top, left in corners:
        pixels[top : top + 4, left : left + 4] = (0.8, 0.1, 0.1)
    items = tuple(
        Detection(kind="dot", box=Box(x_px=left, y_px=top, width_px=4, height_px=4), region=Region.FACE, score=1.0)
        for top, left in corners
    )
    if recipe.data.items:
        kind = ("open_comedo", "papule", "pustule", "nodule")[place % 4]
        middle = Box(x_px=width / 2 - 6, y_px=height / 2 - 6, width_px=12, height_px=12)
        items = (Detection(kind=kind, box=middle, region=Region.CHIN, score=1.0),)
    classes = np.zeros((height, width), np.uint8)
    classes[height // 4 : 3 * height // 4] = 1 + place % 2
    capture = Capture(make=CAMERAS[place % 3].split()[0], model=CAMERAS[place % 3].split()[1], iso=100.0 * (1 + place))
    lab = np.asarray(srgb_to_lab(colour))
    labels, beside = [], {"skin": lambda: np.ones((height, width), bool)}
    for head in recipe.head.values():
        for number, target in enumerate(head.targets):
            if head.kind == "map":
                beside[target] = lambda: classes
            elif head.kind == "spectrum":
                bands = np.array(bands_of(head))
                spectra = (pixels[..., :1] * np.linspace(0.5, 1.0, len(bands))).astype(np.float32)
                cube = Cube(values=spectra, wavelengths_nm=bands, quantity=Quantity.REFLECTANCE)
                beside[target] = lambda cube=cube: cube
            else:
                value = {"measure": lab[number % 3], "presence": float(dots > 1), "count": float(dots)}.get(
                    head.kind, head.lowest + head.step * (dots % round((head.highest - head.lowest) / head.step + 1))
                )
                labels.append(Label(task=target, value=float(value), grader="reference"))
    if recipe.input.beside:
        beside[recipe.input.beside] = lambda: pixels[..., np.arange(recipe.input.channels) % 3]
    split = {"split": ("train", "test", "valid")[place // 2 % 3]} if recipe.split.part == "split" else {}
    return Sample(
        key=SampleKey(dataset="fake", subject=f"subject-{place // 2}", visit="W00", view=str(place)),
        read=lambda: Photo(pixels=pixels, encoding=Encoding.SRGB, capture=capture, origin=Origin(name=f"{place}.png")),
        labels=() if recipe.data.items else tuple(labels),
        traits={
            "camera": CAMERAS[place % 3],
            "light": f"light-{place % 2}",
            "tone": float(place // 2),
            "part": "test" if place // 2 == 1 else "focus",
        }
        | split,
        items=items,
        beside=beside,
    )
