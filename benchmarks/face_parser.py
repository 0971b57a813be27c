"""Teach, judge and ship the face parser: the tables of docs/concepts/parser.md.

    python benchmarks/face_parser.py collect WORK --fasseg DATA/fasseg --acne04 DATA/acne04 --people DIR --others DIR
    python benchmarks/face_parser.py exact   WORK [--short]                            from ImageNet, on synthetic heads
    python benchmarks/face_parser.py begin   WORK [--short] [--without teachers|heads]  on all but FASSEG
    python benchmarks/face_parser.py folds   WORK [--short] [--without teachers|heads] [--only FOLD ...]
    python benchmarks/face_parser.py judge   WORK --fasseg DATA/fasseg [--short] [--without teachers|heads]
    python benchmarks/face_parser.py finish  WORK                                       on everything
    python benchmarks/face_parser.py export  WORK --into FOLDER
    python benchmarks/face_parser.py unseen  WORK                                       what shipped, on new heads

WORK keeps examples and weights; it holds pictures of people and stays out of the repository. `--people` is the folder
`data/curated` of the package openpeople, `--others` a folder of pictures without people. Needs the zoo's segmenter.
`--short` is for comparing arms: fewer steps, the same for each.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from face_parser_examples import collect, photographed
from PIL import Image

from dermis.colour.lab import srgb_to_lab
from dermis.colour.tone import ita_class, ita_deg
from dermis.core import Encoding, Photo, Sample, SegmentationClass
from dermis.face import segmentation_model, selfie_model
from dermis.face.find import find_face
from dermis.lab.datasets import fasseg
from dermis.lab.networks.model import Model
from dermis.lab.train.build import model_note
from dermis.lab.train.export import export
from dermis.lab.train.parser import assign_folds, fit, new_parser
from dermis.lab.train.parser_views import FACE_AREA, Example, one_of
from dermis.lab.train.recipe import Recipe, find_recipe, read_recipe
from dermis.lab.train.run import open_run

SEED, FOLDS, LARGER_PX = 4, 5, 256
STEPS = {"exact": 1200, "begin": 3000, "fold": 450, "finish": 450}
SHORT = {"exact": 150, "begin": 250, "fold": 100}
BEGIN = {"people": 0.18, "acne04": 0.36, "heads": 0.42, "others": 0.04}
MIX = {"multipose": 0.36, "frontal": 0.26, "acne04": 0.1, "people": 0.08, "heads": 0.16, "others": 0.04}
ABOUT = (
    "Which of nine parts each pixel of a head shows: background, face skin, other skin, hair, facial hair, nose, lips, "
    "eyes, occluders."
)
LIMITS = (
    "Few people with dark skin and hand-made masks were among the examples: figures for them rest on darkened "
    "pictures, synthetic heads and the teachers.",
    "Seven people were seen in profile with hand-made masks.",
    "Skin seen through a thin fringe is called skin; FASSEG's masks call it hair.",
    "Small features (nose, lips, eyes) are less sharp than landmarks draw them; thin rims of glasses are often missed.",
    "Hands and clothes of the colour of skin before the face can be taken for skin.",
    "Says where skin is, nothing about its health.",
)
LEFT_OUT = {"": (), "teachers": ("acne04", "people"), "heads": ("heads",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way of teaching: `short` for comparing, `without` some kinds of examples."""

    short: bool = False
    without: str = ""

    @property
    def named(self) -> str:
        """What its files are called after."""
        return ("-short" if self.short else "") + (f"-without-{self.without}" if self.without else "")

    def kept(self, shares: Mapping[str, float]) -> dict[str, float]:
        """Return the shares of the kinds that teach."""
        return {kind: share for kind, share in shares.items() if kind not in LEFT_OUT[self.without]}

    def steps(self, stage: str) -> int:
        """Return the number of steps of a stage."""
        return (SHORT if self.short else STEPS)[stage]


def load(work: Path, kinds: Sequence[str] = tuple(MIX)) -> dict[str, list[Example]]:
    """Return the examples by kind, as `collect` left them."""
    return {kind: pickle.loads((work / f"{kind}.pkl").read_bytes()) for kind in kinds}


def told(path: Path) -> Callable[[int, float, Model], None]:
    """Return what says every 50 steps how the loss goes, and keeps the running mean every 500."""
    losses: list[float] = []

    def tell(step: int, loss: float, mean: Model) -> None:
        losses.append(loss)
        if step % 50 == 49:
            print(path.stem, step + 1, f"{np.mean(losses[-50:]):.4f}", time.strftime("%H:%M:%S"), flush=True)
        if step % 500 == 499:
            torch.save(mean.state_dict(), path)

    return tell


def exact(work: Path, arm: Arm) -> None:
    """Teach from ImageNet on synthetic heads alone, whose parts are exact."""
    recipe, path = read_recipe(find_recipe("face-parser"), ["train.ema=0.99"]), work / f"exact{arm.named}.pt"
    pools, steps = {"heads": load(work, ("heads",))["heads"]}, arm.steps("exact")
    model = fit(new_parser(recipe), recipe, pools, {"heads": 1.0}, steps=steps, seed=10, tell=told(path))
    torch.save(model.state_dict(), path)


def begin(work: Path, arm: Arm) -> None:
    """Go on with teachers, from ImageNet where synthetic heads are left out."""
    recipe, path = read_recipe(find_recipe("face-parser"), ["train.ema=0.99"]), work / f"begin{arm.named}.pt"
    model, steps = new_parser(recipe), arm.steps("begin")
    if arm.without == "heads":
        steps += arm.steps("exact")
    else:
        start = Arm(short=arm.short)
        model.load_state_dict(torch.load(work / f"exact{start.named}.pt", weights_only=True))
    model = fit(model, recipe, load(work), arm.kept(BEGIN), steps=steps, seed=11, tell=told(path))
    torch.save(model.state_dict(), path)


def dealt(pools: Mapping[str, Sequence[Example]]) -> dict[str, int]:
    """Return the fold of each person; the few people of many angles are spread over the folds first."""
    return {
        person: fold
        for kind in ("multipose", "frontal")
        for person, fold in assign_folds([one.person for one in pools[kind]], FOLDS, SEED).items()
    }


def folds(work: Path, arm: Arm, only: Sequence[int]) -> None:
    """Teach on the people of all folds but one, each fold in turn."""
    recipe, pools = read_recipe(find_recipe("face-parser")), load(work)
    where = dealt(pools)
    for fold in only or range(FOLDS):
        seen = {kind: [one for one in pool if where.get(one.person) != fold] for kind, pool in pools.items()}
        go_on(work, arm, recipe, seen, steps=arm.steps("fold"), seed=100 + fold, name=f"fold{fold}{arm.named}")


def finish(work: Path) -> None:
    recipe = read_recipe(find_recipe("face-parser"))
    go_on(work, Arm(), recipe, load(work), steps=STEPS["finish"], seed=200, name="finish")


def go_on(
    work: Path, arm: Arm, recipe: Recipe, pools: Mapping[str, Sequence[Example]], *, steps: int, seed: int, name: str
) -> None:
    """Go on from the beginning with the hand-made masks among the examples."""
    model, path = new_parser(recipe), work / f"{name}.pt"
    model.load_state_dict(torch.load(work / f"begin{arm.named}.pt", weights_only=True))
    size_px = 192 if arm.short else LARGER_PX
    model = fit(model, recipe, pools, arm.kept(MIX), steps=steps, size_px=size_px, seed=seed, tell=told(path))
    torch.save(model.state_dict(), path)


def judge(work: Path, arm: Arm, root: Path, only: Sequence[int]) -> None:
    """Hold the parser of each fold to the hand-made masks of people it has not seen, through the whole face room.

    Short arms are compared by the network alone, each picture seen whole in a square.
    """
    if arm.short:
        alone(work, arm, only)
        return
    recipe, where = read_recipe(find_recipe("face-parser")), dealt(load(work, ("multipose", "frontal")))
    for helped in (False, True):
        rows: list[dict[str, Any]] = []
        for fold in only or range(FOLDS):
            path = work / f"judged{fold}{arm.named}{'-helped' if helped else ''}.json"
            if not path.exists():
                model = new_parser(recipe).eval()
                model.load_state_dict(torch.load(work / f"fold{fold}{arm.named}.pt", weights_only=True))
                with answering(model, helped=helped):
                    held = [held_to(one) for one in fasseg.index(root) if where[one.key.subject] == fold]
                path.write_text(json.dumps(held))
            rows += json.loads(path.read_text())
        print(f"\n{'with' if helped else 'without'} the segmenter\n", *tables(rows), sep="\n", flush=True)


def alone(work: Path, arm: Arm, only: Sequence[int]) -> None:
    recipe, pools = read_recipe(find_recipe("face-parser")), load(work, ("multipose", "frontal"))
    where, rows = dealt(pools), []
    for fold in only or range(FOLDS):
        model = new_parser(recipe).eval()
        model.load_state_dict(torch.load(work / f"fold{fold}{arm.named}.pt", weights_only=True))
        for kind, pool in pools.items():
            for one in (one for one in pool if where[one.person] == fold):
                yaw_deg = abs(float(one.name.split("/")[-1].removesuffix(" deg")))
                rows.append(
                    {"person": one.person, "poses": kind, "yaw_deg": yaw_deg, "tone": "", "iou": area_iou(model, one)}
                )
    (work / f"judged{arm.named}.json").write_text(json.dumps(rows))
    print(f"\nthe network alone, {arm.named}\n", *tables(rows), sep="\n", flush=True)


@torch.inference_mode()
def area_iou(model: Model, example: Example, size: int = 320) -> float:
    """Return the IoU of the face area with the picture seen whole in a square; facial hair counts to it."""
    height, width = example.sets.shape
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    canvas = Image.new("RGB", (side, side))
    canvas.paste(Image.fromarray(example.pixels), (left, top))
    seen = torch.from_numpy(np.asarray(canvas.resize((size, size), Image.Resampling.BILINEAR)).copy())
    raw = model(seen.permute(2, 0, 1)[None].float() / 255, torch.zeros(1, 0))["parts"]
    shares = torch.nn.functional.interpolate(torch.softmax(raw, 1), size=(side, side), mode="bilinear")[0]
    found = np.isin(shares.argmax(0).numpy(), (*FACE_AREA, SegmentationClass.FACIAL_HAIR))[
        top : top + height, left : left + width
    ]
    true = (example.sets & one_of(*FACE_AREA)) > 0
    return float((found & true).sum() / max((found | true).sum(), 1))


@contextmanager
def answering(model: Model, *, helped: bool) -> Iterator[None]:
    """Let `model` answer in place of the network that ships; helped: the person segmenter is asked too."""

    @torch.inference_mode()
    def shares(view: np.ndarray) -> np.ndarray:
        seen = torch.from_numpy(view.copy()).permute(2, 0, 1)[None].float() / 255
        raw = model(seen, seen.new_zeros((1, 0)))["parts"]
        return np.ascontiguousarray(torch.softmax(raw, 1)[0].permute(1, 2, 0).numpy())

    with (
        mock.patch.object(segmentation_model, "class_probabilities", shares),
        mock.patch.object(selfie_model, "installed", return_value=helped),
    ):
        yield


def held_to(sample: Sample) -> dict[str, Any]:
    """Return how well the face area of one photo is found, its angle and the tone of its skin."""
    photo, wanted = sample.read(), np.asarray(sample.beside["parts"]())
    assert isinstance(photo, Photo)
    return {
        "name": str(sample.key),
        "person": sample.key.subject,
        "poses": str(sample.traits["poses"]),
        "yaw_deg": abs(float(sample.traits["yaw_deg"])),
    } | compared(photo, wanted)


def compared(photo: Photo, wanted: np.ndarray) -> dict[str, Any]:
    """Return intersection over union of the face area, what is too much and too little of it, and the skin's tone.

    FASSEG's masks call beards skin: facial hair counts to the area in iou, not in strict.
    """
    face = find_face(photo)
    found = np.zeros(wanted.shape, np.uint8)
    if face is not None:
        frame = face.frame
        big = np.repeat(np.repeat(face.segmentation, frame.factor, axis=0), frame.factor, axis=1)
        found[frame.y_px : frame.y_px + big.shape[0], frame.x_px : frame.x_px + big.shape[1]] = big
    true = np.isin(wanted, FACE_AREA)
    mine = np.isin(found, (*FACE_AREA, SegmentationClass.FACIAL_HAIR))
    strict = np.isin(found, FACE_AREA)
    lab = np.median(srgb_to_lab(photo.pixels[wanted == SegmentationClass.FACE_SKIN]), axis=0)
    return {
        "iou": float((mine & true).sum() / max((mine | true).sum(), 1)),
        "strict": float((strict & true).sum() / max((strict | true).sum(), 1)),
        "too_much": float((mine & ~true).sum() / true.sum()),
        "too_little": float((true & ~mine).sum() / true.sum()),
        "tone": ita_class(float(ita_deg(lab))),
        "landmarks": face is not None and face.landmarks is not None,
    }


def unseen(work: Path, count: int = 20) -> None:
    """Hold the shipped parser to synthetic heads that taught nothing, framed as heads, by the tone of their skin."""
    rows = []
    for name, pixels, parts in photographed(seed=78, count=count):
        if name.endswith("_4"):
            continue  # close-ups have no head around them
        photo = Photo(pixels=(pixels / 255).astype(np.float32), encoding=Encoding.SRGB)
        rows.append({"name": name, "person": name.split("_")[0], "poses": "", "yaw_deg": 0.0} | compared(photo, parts))
    (work / "unseen.json").write_text(json.dumps(rows))
    print(*tables(rows), sep="\n")


def tables(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the figures as lines of Markdown: IoU with its interval, pictures and people."""
    turned = [row for row in rows if row["poses"] == "multipose"]
    sets = {"all": list(rows), "frontal": [row for row in rows if row["poses"] == "frontal"], "yaw -90 to 90": turned}
    for low, high in ((0, 15), (30, 45), (60, 90)):
        sets[f"yaw {low}-{high}"] = [row for row in turned if low <= row["yaw_deg"] <= high]
    for tone in sorted({row["tone"] for row in rows} - {""}):
        sets[tone] = [row for row in rows if row["tone"] == tone]
        sets[f"{tone}, multipose"] = [row for row in turned if row["tone"] == tone]
    for name, some in sets.items():
        if some:
            people = {row["person"] for row in some}
            mean, low, high = by_people(some)
            strict = f" {np.mean([row['strict'] for row in some]):.4f} |" if "strict" in some[0] else ""
            yield f"| {name} | {len(some)} | {len(people)} | {mean:.4f} | {low:.4f} | {high:.4f} |{strict}"


def by_people(rows: Sequence[Mapping[str, Any]], draws: int = 2000) -> tuple[float, float, float]:
    """Return the mean IoU over pictures and its 95 % interval by resampling people."""
    held: dict[str, list[float]] = {}
    for row in rows:
        held.setdefault(row["person"], []).append(row["iou"])
    sums = np.array([(sum(each), len(each)) for each in held.values()])
    drawn = sums[np.random.default_rng(0).integers(len(sums), size=(draws, len(sums)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return float(sums[:, 0].sum() / sums[:, 1].sum()), float(low), float(high)


def ship(work: Path, into: Path) -> None:
    recipe, pools = read_recipe(find_recipe("face-parser")), load(work)
    run = open_run(recipe, work)
    held = hashlib.sha256(
        b"".join(one.pixels.tobytes() + one.sets.tobytes() for pool in pools.values() for one in pool)
    )
    names = [f"{kind}/{one.name}" for kind, pool in pools.items() for one in pool]
    run.note("data", {"samples": len(names), "fingerprint": held.hexdigest(), "parts": {"train": names}})
    run.note("model", model_note(recipe))
    run.note("result", {})
    run.best.write_bytes((work / "finish.pt").read_bytes())
    print(export(run, recipe.name, home=into, limits=LIMITS, about=ABOUT))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("step", choices=("collect", "exact", "begin", "folds", "judge", "finish", "export", "unseen"))
    asked.add_argument("work", type=Path)
    for root in ("--fasseg", "--acne04", "--people", "--others", "--into"):
        asked.add_argument(root, type=Path)
    asked.add_argument("--without", choices=tuple(LEFT_OUT), default="")
    asked.add_argument("--short", action="store_true")
    asked.add_argument("--only", type=int, nargs="*", default=(), help="folds, counted from 0")
    given = asked.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    arm = Arm(short=given.short, without=given.without)
    match given.step:
        case "collect":
            collect(given.work, given)
        case "exact":
            exact(given.work, arm)
        case "begin":
            begin(given.work, arm)
        case "folds":
            folds(given.work, arm, given.only)
        case "judge":
            judge(given.work, arm, given.fasseg, given.only)
        case "unseen":
            unseen(given.work)
        case "finish":
            finish(given.work)
        case "export":
            ship(given.work, given.into)


if __name__ == "__main__":
    main()
