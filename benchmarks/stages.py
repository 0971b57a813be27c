"""The stages that are timed: how each is prepared, what one run of it is, and what it stands beside."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Run = Callable[[], object]

HUGE, USUAL, SMALL = "front-48.jpg", "front-12.jpg", "front-2.jpg"
PORTRAITS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One row of the table.

    prepare: takes the folder of inputs, returns one run. beside: the stage that it is told in multiples of. much: a run
    is seconds long, so only one is made.
    """

    title: str
    prepare: Callable[[Path], Run]
    beside: str
    much: bool = False


def make_inputs(folder: Path) -> None:
    """Write the photos: a selfie at 2, 12 and 48 megapixels, turned, a close-up, no face, and the portraits."""
    from PIL import Image, ImageOps
    from skimage import data

    from dermis.models.registry import PORTRAITS as TABLE
    from dermis.models.registry import fetch

    selfie = Image.open(fetch("P002_selfie")).convert("RGB")
    noise = np.random.default_rng(0)
    for name, megapixels in ((SMALL, 2), (USUAL, 12), (HUGE, 48)):
        scale = (megapixels * 1e6 / (selfie.width * selfie.height)) ** 0.5
        size = (2 * round(selfie.width * scale / 2), 2 * round(selfie.height * scale / 2))  # even, as of every camera
        large = selfie.resize(size, Image.Resampling.BICUBIC)
        grain = np.asarray(large, np.int16) + noise.integers(-3, 4, (large.height, large.width, 1), np.int16)
        Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)).save(folder / name, quality=92)
    front = Image.open(folder / SMALL)
    front.transpose(Image.Transpose.ROTATE_180).save(folder / "turned-2.jpg", quality=92)
    middle = (int(0.36 * front.width), int(0.42 * front.height), int(0.5 * front.width), int(0.5 * front.height))
    front.crop(middle).resize((1600, 1250), Image.Resampling.BICUBIC).save(folder / "close-2.jpg", quality=92)
    Image.fromarray(data.coffee()).resize((1600, 1250)).save(folder / "none-2.jpg", quality=92)
    (folder / "portraits").mkdir()
    for place, row in enumerate((TABLE * 3)[:PORTRAITS]):
        portrait = Image.open(fetch(row.name)).convert("RGB")
        portrait = ImageOps.mirror(portrait) if place // len(TABLE) == 1 else portrait
        scale = (2e6 / (portrait.width * portrait.height)) ** 0.5 if place // len(TABLE) == 2 else 1.0
        portrait = portrait.resize((round(portrait.width * scale), round(portrait.height * scale)))
        portrait.save(folder / "portraits" / f"{place:02d}_{row.name}.jpg", quality=92)


def _command(*words: str) -> Callable[[Path], Run]:
    def prepare(folder: Path) -> Run:
        filled = [word.replace("FOLDER", str(folder)).replace("STONE", os.environ.get("STONE", "")) for word in words]
        if not filled[0]:
            raise SystemExit("its command was not named")
        return lambda: subprocess.run(filled, check=True, capture_output=True)

    return prepare


def _python(code: str) -> Callable[[Path], Run]:
    return _command(sys.executable, "-c", code)


def _pillow(name: str) -> Callable[[Path], Run]:
    from PIL import Image

    return lambda folder: lambda: np.asarray(Image.open(folder / name).convert("RGB"))


def _read(name: str) -> Callable[[Path], Run]:
    from dermis.formats.images.photo import read_photo

    return lambda folder: lambda: read_photo(folder / name)


def _analyse(name: str, *, tasks: str | None = None, close_up: bool = False) -> Callable[[Path], Run]:
    from dermis.pipeline.analyse import analyse_file
    from dermis.pipeline.options import AnalyseOptions

    options = AnalyseOptions(tasks=tasks, close_up=close_up)
    return lambda folder: lambda: analyse_file(folder / name, options)


def _detect(name: str) -> Callable[[Path], Run]:
    from dermis.face.detection import detect_faces
    from dermis.formats.images.photo import read_photo

    def prepare(folder: Path) -> Run:
        photo = read_photo(folder / name)
        return lambda: detect_faces(photo)

    return prepare


def _face(folder: Path) -> Run:
    from dermis.face.find import find_face
    from dermis.formats.images.photo import read_photo

    photo = read_photo(folder / SMALL)
    return lambda: find_face(photo)


def _task(task_name: str) -> Callable[[Path], Run]:
    """One run of a task and of the products it needs, its photo, face and skin at hand."""

    def prepare(folder: Path) -> Run:
        from dermis.formats.images.photo import read_photo
        from dermis.pipeline.analyse import analyse, compute_products, measure_tasks
        from dermis.pipeline.products import Source
        from dermis.tasks import choose

        photo = read_photo(folder / SMALL)
        held = analyse(photo, tasks=())
        source, tasks = Source(photo=photo, face=held.face, skin=held.skin), choose(task_name)
        return lambda: measure_tasks(tasks, compute_products(source, tasks))

    return prepare


def _report(folder: Path) -> Run:
    from dermis.pipeline.analyse import analyse_file
    from dermis.pipeline.results import write_result

    analysis = analyse_file(folder / SMALL)
    return lambda: write_result(analysis, folder / "report")


def _parser(folder: Path) -> Run:
    from dermis.face.segmentation_model import SIZE, class_probabilities

    view = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    return lambda: class_probabilities(view)


def _segmenter(folder: Path) -> Run:
    from dermis.face.selfie_model import probabilities

    view = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    return lambda: probabilities(view)


def _difference(which: str, dtype: str) -> Callable[[Path], Run]:
    def prepare(folder: Path) -> Run:
        draw = np.random.default_rng(0)
        lab = (draw.random((3000, 4000, 3)) * (80, 60, 60) + (10, -10, -10)).astype(dtype)
        other = (lab + draw.normal(0, 3, lab.shape)).astype(dtype)
        return lambda: _differences()[which](lab, other)

    return prepare


def _differences() -> dict[str, Callable[..., object]]:
    def ours(lab, other):
        from dermis.colour import delta_e_00

        return delta_e_00(lab, other)

    def skimage(lab, other):
        from skimage.color import deltaE_ciede2000

        return deltaE_ciede2000(lab, other)

    def colour(lab, other):
        from colour.difference import delta_E_CIE2000

        return delta_E_CIE2000(lab, other)

    return {"dermis": ours, "scikit-image": skimage, "colour-science": colour}


def _reconstruct(side_px: int) -> Callable[[Path], Run]:
    def prepare(folder: Path) -> Run:
        from dermis.core import Encoding, Photo
        from dermis.pipeline.spectra import reconstruct

        pixels = (np.random.default_rng(0).random((side_px, side_px, 3)) * 0.1 + (0.6, 0.45, 0.38)).astype(np.float32)
        photo = Photo(pixels=pixels, encoding=Encoding.SRGB)
        return lambda: reconstruct(photo, mask="all")

    return prepare


def _mst_plus_plus(folder: Path) -> Run:
    import torch

    from dermis.lab.networks.spectral import mst_plus_plus

    network = mst_plus_plus(3, 31).eval()
    picture = torch.rand(1, 3, 256, 256)

    def run() -> object:
        with torch.inference_mode():
            return network(picture)

    return run


def _cube(step: str) -> Callable[[Path], Run]:
    def prepare(folder: Path) -> Run:
        from dermis.core import Cube, Quantity
        from dermis.formats.cubes.cube import open_cube, read_cube, write_cube
        from dermis.spectra.resample import resample

        path, nm = folder / "cube.npz", np.linspace(400.0, 1000.0, 200)
        values = np.random.default_rng(0).random((256, 256, 200), dtype=np.float32)
        cube = Cube(values=values, wavelengths_nm=nm, quantity=Quantity.REFLECTANCE)
        if not path.exists():
            write_cube(path, cube)
            values.tofile(folder / "cube.raw")
        steps: dict[str, Run] = {
            "numpy": lambda: np.fromfile(folder / "cube.raw", np.float32),
            "open": lambda: open_cube(path),
            "read": lambda: read_cube(path),
            "resample": lambda: resample(cube, np.arange(400.0, 1001.0, 10.0)),
        }
        return steps[step]

    return prepare


def _calibrate(folder: Path) -> Run:
    """The scan of `cube_calibrate.py`, 1024 x 1024 x 448 of 16 bits; beside it streaming the file."""
    script = Path(__file__).with_name("cube_calibrate.py")
    return lambda: subprocess.run(
        [sys.executable, str(script), "--folder", str(folder), "--runs", "1"], check=True, capture_output=True
    )


def _synth(folder: Path) -> Run:
    from dermis.lab.synth.make import make_job, plan_set
    from dermis.lab.synth.recipe import read_recipe

    recipe = read_recipe("faces")
    jobs, _ = plan_set(recipe, folder / "faces")
    (folder / "faces").mkdir(exist_ok=True)
    return lambda: make_job(recipe, folder / "faces", jobs[0])


def _training(folder: Path) -> Run:
    script = Path(__file__).with_name("train_epoch.py")
    words = [sys.executable, str(script), "--samples", "256", "--repeats", "1"]
    return lambda: subprocess.run(words, check=True, capture_output=True)


def _batch(folder: Path) -> Run:
    def run() -> object:
        with tempfile.TemporaryDirectory(dir=folder) as out:  # a run into an old one would only go on
            words = ("batch", str(folder / "portraits"), "--tasks", "skin_tone", "--out", f"{out}/tone.parquet")
            return subprocess.run([sys.executable, "-c", _DERMIS, *words], check=True, capture_output=True)

    return run


_DERMIS = "import sys; from dermis.cli import app; sys.argv = ['dermis', *sys.argv[1:]]; app()"
_TONE = ("analyse", "FOLDER/portraits", "--tasks", "skin_tone", "--json")
_PILLOW = "Pillow decodes 12 MP"
_STONE = "stone, 60 portraits"

STAGES: tuple[Stage, ...] = (
    Stage(title="import numpy", prepare=_python("import numpy"), beside="import numpy"),
    Stage(title="import dermis", prepare=_python("import dermis"), beside="import numpy"),
    Stage(title="dermis --help", prepare=_command(sys.executable, "-c", _DERMIS, "--help"), beside="import numpy"),
    Stage(title=_PILLOW, prepare=lambda folder: _pillow(USUAL)(folder), beside=_PILLOW),
    Stage(title="read, 2 MP", prepare=lambda folder: _read(SMALL)(folder), beside=_PILLOW),
    Stage(title="read, 12 MP", prepare=lambda folder: _read(USUAL)(folder), beside=_PILLOW),
    Stage(title="read, 48 MP", prepare=lambda folder: _read(HUGE)(folder), beside=_PILLOW, much=True),
    Stage(title="detect, front", prepare=lambda folder: _detect(SMALL)(folder), beside=_PILLOW),
    Stage(title="detect, upside down", prepare=lambda folder: _detect("turned-2.jpg")(folder), beside=_PILLOW),
    Stage(title="detect, no face", prepare=lambda folder: _detect("none-2.jpg")(folder), beside=_PILLOW),
    Stage(title="detect and segment", prepare=_face, beside=_PILLOW),
    *(
        Stage(title=f"task {name}", prepare=_task(name), beside=_PILLOW)
        for name in ("skin_tone", "melanin", "haemoglobin", "redness", "acne_lesions")
    ),
    Stage(title="analyse, 2 MP", prepare=lambda folder: _analyse(SMALL)(folder), beside=_PILLOW),
    Stage(title="analyse, 12 MP", prepare=lambda folder: _analyse(USUAL)(folder), beside=_PILLOW),
    Stage(title="analyse, 48 MP", prepare=lambda folder: _analyse(HUGE)(folder), beside=_PILLOW, much=True),
    Stage(title="analyse, upside down", prepare=lambda folder: _analyse("turned-2.jpg")(folder), beside=_PILLOW),
    Stage(
        title="analyse, close-up",
        prepare=lambda folder: _analyse("close-2.jpg", close_up=True)(folder),
        beside=_PILLOW,
    ),
    Stage(title="analyse, no face", prepare=lambda folder: _analyse("none-2.jpg")(folder), beside=_PILLOW),
    Stage(title="report", prepare=_report, beside=_PILLOW),
    Stage(title="person segmenter, a view", prepare=_segmenter, beside="person segmenter, a view"),
    Stage(title="face-parser, a view", prepare=_parser, beside="person segmenter, a view"),
    Stage(title=_STONE, prepare=_command("STONE", "-i", "FOLDER/portraits", "-o", "FOLDER"), beside=_STONE, much=True),
    Stage(title="dermis analyse, skin tone of 60 portraits", prepare=_command(sys.executable, "-c", _DERMIS, *_TONE),
          beside=_STONE, much=True),
    Stage(title="dermis batch, skin tone of 60 portraits", prepare=_batch, beside=_STONE, much=True),
    *(
        Stage(
            title=f"ΔE00 of 12 MP, {which}, {dtype}",
            prepare=_difference(which, dtype),
            beside=f"ΔE00 of 12 MP, scikit-image, {dtype}",
            much=True,
        )
        for dtype in ("float64", "float32")
        for which in ("scikit-image", "colour-science", "dermis")
    ),
    Stage(title="MST++ in PyTorch, 256 px", prepare=_mst_plus_plus, beside="MST++ in PyTorch, 256 px", much=True),
    *(
        Stage(title=f"reconstruct, {side} px", prepare=_reconstruct(side), beside="MST++ in PyTorch, 256 px", much=True)
        for side in (512, 1024, 2048)
    ),
    Stage(title="cube, numpy reads 52 MB", prepare=_cube("numpy"), beside="cube, numpy reads 52 MB"),
    Stage(title="cube, open", prepare=_cube("open"), beside="cube, numpy reads 52 MB"),
    Stage(title="cube, read", prepare=_cube("read"), beside="cube, numpy reads 52 MB"),
    Stage(title="cube, resample 200 bands to 61", prepare=_cube("resample"), beside="cube, numpy reads 52 MB"),
    Stage(title="cube, calibrate 940 MB, each step", prepare=_calibrate, beside="cube, numpy reads 52 MB", much=True),
    Stage(title="synth, a job of the recipe faces", prepare=_synth, beside=_PILLOW, much=True),
    Stage(title="training, one epoch beside a plain loop", prepare=_training, beside="import numpy", much=True),
)  # fmt: skip
"""Every row of the table; the stage that rows stand beside comes before them."""
