"""Making a set: files, card, contact sheet; resumable."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from dermis.colour.tone import ita_class
from dermis.core.arrays import FloatMap
from dermis.errors import InputError, UsageError
from dermis.formats.files import write_text, write_with
from dermis.lab.datasets.dataset import MADE
from dermis.lab.datasets.faces import read_map
from dermis.lab.synth.camera.scene import CHROMOPHORES
from dermis.lab.synth.layouts import LAYOUTS, Job
from dermis.lab.synth.lesions.kinds import COMEDONES, INFLAMMATORY, MOTTLES, MarkKind
from dermis.lab.synth.recipe import SynthRecipe, recipe_hash
from dermis.lab.synth.record import Record, read_record, write_record
from dermis.lab.synth.skin.colour import skin_table, spectra
from dermis.optics.tissue import Tissue
from dermis.version import __version__

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = [
    "light_to_dark",
    "make_set",
    "plan_set",
    "stored_spectra",
    "write_card",
    "write_contact_sheet",
    "write_lesion_sheet",
]


def stored_spectra(root: Path, name: str, wavelengths_nm: ArrayLike) -> FloatMap:
    """Return (h, w, band) reflectance of the skin of a photo in the set `root` of the `faces` layout.

    name: of its record, such as s0000_W00_front_neutral. Without light, shade and gloss; NaN off the skin. Maps are
    stored in half precision: within 0.2 % of `scene.cube_of`. Raises InputError where there is no such record or its
    recipe wrote no maps.
    """
    path = root / "truth" / f"{name}.json"
    if not path.is_file():
        raise InputError(f"{root} has no record {name!r}.", advice=f"Expected {path}.")
    record = read_record(path)
    if "maps" not in record.files:
        raise InputError(f"{name} has no maps.", advice='Make the set with write = ["maps"].')
    file = root / record.files["maps"]["file"]
    maps = {each: read_map(file, each) for each in CHROMOPHORES}
    shape = maps[CHROMOPHORES[0]].shape
    bare = np.isfinite(maps[CHROMOPHORES[0]])
    values = {each: held[bare] for each, held in maps.items()}
    bands = np.asarray(wavelengths_nm, dtype=np.float64)
    cube = np.full((*shape, bands.size), np.nan, np.float32)
    if bare.any():
        cube[bare] = spectra(skin_table(Tissue(**record.detail["tissue"]), values, bands), values)
    return cube


_LIMITS = """\
- Nobody in it exists. The heads are a mathematical shape, the skin a two-layer optical model; hair, eyes, clothes and
  background are painted. What a method reaches here it need not reach on people.
- Prevalence, tones and ages are chosen by the recipe, not surveyed. Sizes and colours of marks follow textbooks and
  published measurements where there are some, else judgement: `docs/concepts/synthetic-grades.md`.
- Cameras are drawn from a population fitted on still cameras, developments are simplified: `docs/concepts/camera.md`.
- Not left in: make-up, glasses, hands, wet skin, motion blur, beauty filters, children, diseases that are not listed.
"""


def write_card(out: Path, recipe: SynthRecipe, records: Sequence[Record]) -> None:
    """Write `card.md` into the set's folder `out`."""
    subjects = {record.key.subject for record in records}
    lines = [
        f"# {recipe.name}",
        "",
        recipe.about or "Made by `dermis synth`.",
        "",
        f"{len(records)} pictures of {len(subjects)} subjects, {recipe.size_px} x {recipe.size_px} pixels, layout "
        f"`{recipe.layout}`. SynthRecipe hash `{recipe_hash(recipe)}`, dermis {__version__}, numpy {np.__version__}.",
        "",
        "The truth about each picture lies in `truth/` as JSON (schema `dermis.truth/1`). `contact-sheet.png` shows",
        "the set from light to dark, `lesions.png` names marks.",
        "",
        *_table("Tone (ITA class)", (ita_class(float(r.traits["ita_deg"])) for r in records if "ita_deg" in r.traits)),
        *_table("Condition", (str(r.traits["profile"]) for r in records if "profile" in r.traits)),
        *_table("Light", (str(r.traits["light"]) for r in records if "light" in r.traits)),
        *_table("Marks in view", (str(item["kind"]) for r in records for item in r.items)),
        *_grades(records),
        "## Recipe",
        "",
        "```toml",
        *(f"{key} = {_toml(value)}" for key, value in asdict(recipe).items() if key != "about"),
        "```",
        "",
        "## Limits",
        "",
        _LIMITS,
    ]
    write_text(out / "card.md", "\n".join(lines))


def _table(title: str, words: Iterable[str]) -> list[str]:
    counted = Counter(words)
    if not counted:
        return []
    rows = [f"| {word} | {count} |" for word, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))]
    return [f"| {title} | pictures |" if title != "Marks in view" else f"| {title} | marks |", "|---|---|", *rows, ""]


def _grades(records: Sequence[Record]) -> list[str]:
    rows = []
    for task in ("acne_grade", "acne_iga", "pigmentation_grade"):
        values = [label.value for record in records for label in record.labels if label.task == task]
        if values:
            counted = Counter(round(value * 2) / 2 for value in values)
            spread = ", ".join(f"{value:g}: {count}" for value, count in sorted(counted.items()))
            rows.append(f"| `{task}` | {spread} |")
    return ["| Grade | how often |", "|---|---|", *rows, ""] if rows else []


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(each) for each in value)}]"
    return f'"{value}"' if isinstance(value, str) else f"{value}"


_COLUMNS, _ROWS, _SIDE_PX, _CAPTION_PX = 8, 5, 150, 16
_SHOWN, _SHOWN_PX = 4, 720
_PAPER, _INK = (250, 250, 250), (40, 40, 40)
_COLOURS: Mapping[str, tuple[int, int, int]] = {
    **dict.fromkeys((kind.value for kind in INFLAMMATORY), (225, 30, 60)),
    **dict.fromkeys((kind.value for kind in COMEDONES), (20, 110, 230)),
    **dict.fromkeys((kind.value for kind in MOTTLES), (240, 160, 0)),
}
_OTHER = (20, 150, 90)
_ACNE = COMEDONES | INFLAMMATORY
_SPECKS = (MarkKind.FRECKLE, MarkKind.PIH, MarkKind.PIE)


def light_to_dark(records: Sequence[Record], count: int) -> list[Record]:
    """Return at most `count` records spread evenly over the set's tones, the lightest first.

    Where there are enough subjects, one of each.
    """
    toned = [record for record in records if "ita_deg" in record.traits]
    first = {record.key.subject: record for record in reversed(toned)}
    pool = list(first.values()) if len(first) >= min(count, len(toned)) else toned
    ordered = sorted(pool, key=lambda record: (-float(record.traits["ita_deg"]), record.name))
    if len(ordered) <= count:
        return ordered
    return [ordered[k] for k in np.linspace(0, len(ordered) - 1, count).round().astype(int)]


def write_contact_sheet(path: Path, root: Path, records: Sequence[Record]) -> None:
    """Write a PNG of up to 40 pictures of the set under `root`, from light to dark, each with its ITA."""
    from PIL import Image, ImageDraw  # late: only writing needs it

    chosen = light_to_dark(records, _COLUMNS * _ROWS)
    columns = min(_COLUMNS, max(len(chosen), 1))
    rows = -(-max(len(chosen), 1) // columns)
    sheet = Image.new("RGB", (columns * _SIDE_PX, rows * (_SIDE_PX + _CAPTION_PX)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for k, record in enumerate(chosen):
        left, top = k % columns * _SIDE_PX, k // columns * (_SIDE_PX + _CAPTION_PX)
        sheet.paste(_opened(root / record.photo, _SIDE_PX), (left, top))
        caption = f"ITA {float(record.traits['ita_deg']):.0f}  {record.traits.get('profile', '')}"
        draw.text((left + 4, top + _SIDE_PX + 2), caption, fill=_INK)
    write_with(path, sheet.save)


def write_lesion_sheet(path: Path, root: Path, records: Sequence[Record]) -> None:
    """Write a PNG of up to four pictures with boxes and class words on as many marks as have room for their words.

    No file is written where nothing is marked.
    """
    from PIL import Image  # late: only writing needs it

    marked = sorted((r for r in records if r.items), key=lambda record: (-_interest(record), record.name))
    chosen = light_to_dark(marked[: 4 * _SHOWN], _SHOWN)
    if not chosen:
        return
    columns = min(2, len(chosen))
    sheet = Image.new("RGB", (columns * _SHOWN_PX, -(-len(chosen) // columns) * _SHOWN_PX), _PAPER)
    for k, record in enumerate(chosen):
        sheet.paste(_named(root, record), (k % columns * _SHOWN_PX, k // columns * _SHOWN_PX))
    write_with(path, sheet.save)


def _interest(record: Record) -> int:
    """Return how many kinds of marks a picture shows; crowded ones count less, their words would lie on each other."""
    kinds = len({item["kind"] for item in record.items})
    return kinds if len(record.items) <= 60 else kinds - len(record.items) // 60


def _named(root: Path, record: Record) -> Picture:
    from PIL import Image, ImageDraw  # late: only writing needs it

    with Image.open(root / record.photo) as opened:
        scale = _SHOWN_PX / max(opened.size)
    picture = _opened(root / record.photo, _SHOWN_PX)
    draw = ImageDraw.Draw(picture)
    taken: list[_Rectangle] = []
    for item in sorted(record.items, key=_rank):
        x, y, width, height = (scale * length for length in item["box_px"])
        word = item["kind"].replace("_", " ").replace("post inflammatory ", "")
        at = (x + width + 4, y - 2)
        room = draw.textbbox(at, word)
        if room[2] < _SHOWN_PX and not any(_touch(room, other) for other in taken):
            colour = _COLOURS.get(item["kind"], _OTHER)
            box = (x - 2, y - 2, x + width + 2, y + height + 2)
            draw.rectangle(box, outline=colour)
            draw.text(at, word, fill=colour, stroke_width=1, stroke_fill=(255, 255, 255))
            taken += [room, box]
    return picture


_Rectangle = tuple[float, float, float, float]


def _rank(item: Mapping[str, Any]) -> tuple[int, float]:
    """Acne comes first, then what is rare in a picture, brown specks last; the larger first."""
    group = 0 if item["kind"] in _ACNE else 2 if item["kind"] in _SPECKS else 1
    return group, -float(item["radius_mm"])


def _touch(one: _Rectangle, other: _Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _opened(path: Path, side_px: int) -> Picture:
    from PIL import Image  # late: only writing needs it

    with Image.open(path) as picture:
        return picture.convert("RGB").resize((side_px, side_px), Image.Resampling.LANCZOS)


TRUTH, _UNFINISHED = "truth", ".unfinished"
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def plan_set(recipe: SynthRecipe, out: Path) -> tuple[list[Job], int]:
    """Return the jobs of `recipe` that are not finished in `out`, and how many pictures these still are.

    Raises UsageError where `out` holds something else than a part of this set.
    """
    marker = out / MADE
    if marker.is_file():
        found = json.loads(marker.read_text(encoding="utf-8")).get("hash")
        if found != recipe_hash(recipe):
            raise UsageError(f"{out} holds a set of another recipe ({found}).", advice="Choose an empty folder.")
    elif out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty.", advice="Choose an empty folder, or the one of a set to go on with.")
    jobs = [(job, _missing(out, job)) for job in LAYOUTS[recipe.layout].plan(recipe)]
    return [job for job, missing in jobs if missing], sum(len(missing) for _, missing in jobs)


def _missing(out: Path, job: Job) -> list[str]:
    return [name for name in job.records if not (out / TRUTH / f"{name}.json").is_file()]


def make_set(
    recipe: SynthRecipe, out: Path, *, workers: int = 1, progress: Callable[[int], None] = lambda made: None
) -> list[Record]:
    """Make the set of `recipe` in `out`, or finish it; return all records by name.

    workers: processes; 0 works in this one, where more threads may change a last digit. progress: called with the
    number of pictures each job made.
    Raises UsageError as `plan_set`.
    """
    jobs, _ = plan_set(recipe, out)
    out.mkdir(parents=True, exist_ok=True)
    said = {"hash": recipe_hash(recipe), "recipe": asdict(recipe)}
    write_text(out / MADE, json.dumps(said, indent=1))
    for made in _made(recipe, out, jobs, workers):
        progress(made)
    shutil.rmtree(out / _UNFINISHED, ignore_errors=True)
    records = [read_record(path) for path in sorted((out / TRUTH).glob("*.json"))]
    LAYOUTS[recipe.layout].finish(recipe, out, records)
    write_card(out, recipe, records)
    write_contact_sheet(out / "contact-sheet.png", out, records)
    write_lesion_sheet(out / "lesions.png", out, records)
    return records


def _made(recipe: SynthRecipe, out: Path, jobs: list[Job], workers: int) -> Iterator[int]:
    """Work on `jobs` in processes of their own, one thread each: then no sum depends on how work is shared out."""
    if not jobs or workers == 0:
        yield from (make_job(recipe, out, job) for job in jobs)
        return
    with _one_thread_each(), ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        tasks: list[Future[int]] = [pool.submit(make_job, recipe, out, job) for job in jobs]
        try:
            for task in as_completed(tasks):
                yield task.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _THREAD_COUNTS}
    os.environ.update(dict.fromkeys(_THREAD_COUNTS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def make_job(recipe: SynthRecipe, out: Path, job: Job) -> int:
    """Make what is missing of one job and move it into place; return how many pictures."""
    names = _missing(out, job)
    folder = out / _UNFINISHED / job.records[0]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    records = LAYOUTS[recipe.layout].make(recipe, job, names, folder)
    _move(folder, out)
    (folder / TRUTH).mkdir(exist_ok=True)
    for record in records:
        write_record(folder / TRUTH / f"{record.name}.json", record)
    _move(folder, out)
    shutil.rmtree(folder)
    return len(names)


def _move(folder: Path, out: Path) -> None:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = out / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
