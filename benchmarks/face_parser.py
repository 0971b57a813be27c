"""Teach, judge and ship the face parser: the tables of docs/concepts/parser.md.

    python benchmarks/face_parser.py collect WORK --fasseg DATA/fasseg --acne04 DATA/acne04 --people DIR --others DIR
    python benchmarks/face_parser.py exact   WORK [--short]                            from ImageNet, on synthetic heads
    python benchmarks/face_parser.py begin   WORK [--short] [--without teachers|heads]  on all but FASSEG
    python benchmarks/face_parser.py folds   WORK [--short] [--without teachers|heads] [--only FOLD ...]
    python benchmarks/face_parser.py judge   WORK --fasseg DATA/fasseg [--short] [--without teachers|heads]
    python benchmarks/face_parser.py finish  WORK                                       on everything
    python benchmarks/face_parser.py export  WORK --into FOLDER

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
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from PIL import Image

from dermis.colour.lab import srgb_to_lab
from dermis.colour.tone import ita_class, ita_deg
from dermis.core import Part, Photo, Sample
from dermis.datasets import acne04, fasseg
from dermis.face import parser, segmenter
from dermis.face.find import find_face
from dermis.face.frame import frame_around, to_frame
from dermis.face.locate import Located, locate
from dermis.face.outline import filled
from dermis.face.picture import Picture, Square, look
from dermis.face.points import EYES, LIPS, NOSE, OVAL
from dermis.face.pose import head_pose
from dermis.formats.photo import read_photo
from dermis.networks.model import Model
from dermis.optics.development import develop
from dermis.synth.person import meet, visit_of
from dermis.synth.recipe import FacesRecipe
from dermis.synth.scene import raw_of, stage
from dermis.synth.shots import draw_everyday_shot, everyday_development, subject_of
from dermis.train.build import model_note
from dermis.train.export import export
from dermis.train.parser import deal, new_parser, teach
from dermis.train.parser_sets import ANY, FACE_AREA, of_hand_made, of_parts, of_teacher, one_of
from dermis.train.parser_views import Example
from dermis.train.recipe import Recipe, find_recipe, read_recipe
from dermis.train.run import open_run

LONGEST, SEED, FOLDS, SIZE_PX = 384, 4, 5, 192
STEPS = {"exact": 1200, "begin": 3000, "fold": 450, "finish": 450}
SHORT = {"exact": 250, "begin": 500, "fold": 150}
BEGIN = {"people": 0.18, "acne04": 0.36, "heads": 0.42, "others": 0.04}
MIX = {"multipose": 0.36, "frontal": 0.26, "acne04": 0.1, "people": 0.08, "heads": 0.16, "others": 0.04}
LEFT_OUT = {"": (), "teachers": ("acne04", "people"), "heads": ("heads",)}
SHARPER, HEADS = 200, 320
SHOTS = (("face", 0, 30), ("head", 0, 60), ("head", 45, 90), ("head", 60, 90), ("close", 0, 90))
"""Framing, least and most yaw in degrees; more of the side views, of which there are few real ones."""
CLOSE = ("left_half", "right_half", "left_cheek", "right_cheek", "head", "face", "head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way of teaching: `short` for comparing, `without` some kinds of examples; size_px: of the last views."""

    short: bool = False
    without: str = ""
    size_px: int = SIZE_PX

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


def collect(work: Path, roots: argparse.Namespace) -> None:
    """Write the examples of each kind whose folder is given; what is there already stays."""
    kinds: dict[str, Callable[[], Iterator[Example]]] = {"heads": heads}
    if roots.fasseg:
        kinds |= {poses: partial(hand_made, roots.fasseg, poses) for poses in ("multipose", "frontal")}
    if roots.acne04:
        kinds["acne04"] = partial(taught_acne, roots.acne04)
    if roots.people:
        kinds["people"] = partial(taught_people, roots.people)
    if roots.others:
        kinds["others"] = partial(without_people, roots.others)
    for kind, examples in kinds.items():
        path = work / f"{kind}.pkl"
        if not path.exists():
            path.write_bytes(pickle.dumps(list(examples())))


def shrunk(picture: Image.Image) -> Image.Image:
    small = picture.convert("RGB")
    small.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return small


def hand_made(root: Path, poses: str) -> Iterator[Example]:
    for sample in fasseg.index(root):
        if sample.traits["poses"] != poses:
            continue
        photo = sample.read()
        assert isinstance(photo, Photo)
        pixels = np.asarray(shrunk(Image.fromarray(np.uint8(np.rint(photo.pixels * 255)))))
        parts = Image.fromarray(np.asarray(sample.beside["parts"]()))
        small = np.asarray(parts.resize(pixels.shape[1::-1], Image.Resampling.NEAREST))
        yield Example(name=str(sample.key), person=sample.key.subject, pixels=pixels, sets=of_hand_made(small))


def taught_acne(root: Path) -> Iterator[Example]:
    """ACNE04 by its teachers, and some of its sharper squares; every sixth group of people is only looked at."""
    samples = [one for one in acne04.index(root) if int(one.key.subject.removeprefix("group-")) % 6]
    for sample in samples:
        photo = sample.read()
        assert isinstance(photo, Photo)
        yield of_photo(as_taken(photo, sample.traits), str(sample.key), sample.key.subject)
    sharper = [one for one in samples if "hires" in one.traits]
    for place in np.random.default_rng(1).permutation(len(sharper))[:SHARPER]:
        path = Path(str(sharper[place].traits["hires"]))
        yield of_photo(read_photo(path), f"sharper {path.name}", sharper[place].key.subject)


def as_taken(photo: Photo, traits: Mapping[str, object]) -> Photo:
    """Return a photo that was squeezed to a square as it was taken, where that is known."""
    wide, high = (traits.get(f"original_{side}_px") for side in ("width", "height"))
    if wide is None or high is None:
        return photo
    scale = max(photo.pixels.shape[:2]) / max(float(str(wide)), float(str(high)))
    size = (max(1, round(float(str(wide)) * scale)), max(1, round(float(str(high)) * scale)))
    whole = Image.fromarray(np.uint8(np.rint(photo.pixels * 255))).resize(size, Image.Resampling.BICUBIC)
    return Photo(pixels=np.asarray(whole, np.float32) / 255, encoding=photo.encoding)


def of_photo(photo: Photo, name: str, person: str) -> Example:
    faces = locate(photo)
    return taught(photo, faces[0] if faces else None, name, person)


def taught_people(root: Path) -> Iterator[Example]:
    for path in sorted(root.glob("*/assets/*.jpg")):
        photo = read_photo(path)
        for face in locate(photo)[:8]:
            side = 1.25 * face.square.side_px
            x0, y0 = (max(0, int(middle - side)) for middle in (face.square.x_px, face.square.y_px))
            x1, y1 = (int(middle + side) for middle in (face.square.x_px, face.square.y_px))
            cut = Photo(pixels=photo.pixels[y0:y1, x0:x1], encoding=photo.encoding)
            yield of_photo(cut, path.name, path.parts[-3])


def taught(photo: Photo, face: Located | None, name: str, person: str) -> Example:
    frame = frame_around(photo, 0, 0, photo.width_px, photo.height_px, longest=LONGEST)
    picture = look(photo, frame)
    side = float(max(photo.width_px, photo.height_px))
    whole = Square(x_px=photo.width_px / 2, y_px=photo.height_px / 2, side_px=side)
    wide = Square(x_px=photo.width_px / 2, y_px=photo.height_px / 2, side_px=1.5 * side)
    shares = np.moveaxis(segmenter.segment(picture, [whole, wide], (frame.height, frame.width)), 0, -1)
    drawn, inside = drawn_parts(picture, face)
    sets = of_teacher(shares, drawn, inside)
    if face is None:
        # A close-up: the teacher knows skin and hair there, but takes lit and shaded skin for other things.
        sets[sets & one_of(Part.BACKGROUND) > 0] = ANY
    return Example(name=name, person=person, pixels=np.asarray(picture.levels[0]), sets=sets)


def drawn_parts(picture: Picture, face: Located | None) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return what landmarks know of a face that is not turned too far."""
    if face is None or face.landmarks is None or abs(head_pose(face.landmarks).yaw_deg) > 50:
        return None, None
    points = to_frame(face.landmarks, picture.frame)
    parts = np.zeros((picture.frame.height, picture.frame.width), np.uint8)
    parts[filled([points[list(NOSE)]], picture.frame)] = Part.NOSE
    parts[filled([points[list(LIPS)]], picture.frame)] = Part.LIPS
    parts[filled([points[list(ring)] for ring in EYES], picture.frame)] = Part.EYES
    return parts, filled([points[list(OVAL)]], picture.frame)


def heads() -> Iterator[Example]:
    recipe = FacesRecipe(name="parser", layout="faces", seed=77, size_px=288)
    rng = np.random.default_rng(5)
    for number in range(HEADS):
        person = meet(subject_of(recipe, number), texels=384)
        visit = visit_of(person, "W00")
        for place, (framing, least_deg, most_deg) in enumerate(SHOTS):
            yaw_deg = float(rng.choice([-1, 1]) * rng.uniform(least_deg, most_deg))
            named = str(rng.choice(CLOSE)) if framing == "close" else framing
            expression = str(rng.choice(["neutral", "smile"]))
            shot = draw_everyday_shot(rng, recipe, str(yaw_deg), expression, framing=named)
            scene = stage(person, visit, shot)
            raw = raw_of(scene)
            photo = develop(raw, everyday_development(rng, shot, raw, scene.buffers.regions > 0), rng)
            pixels = np.uint8(np.rint(np.clip(photo.pixels, 0, 1) * 255))
            sets = of_parts(scene.buffers.parts)
            yield Example(name=f"{number}_{place}", person=f"head{number}", pixels=pixels, sets=sets)


def without_people(root: Path) -> Iterator[Example]:
    """Every second picture of a folder; the others judge what is taken for skin."""
    for path in sorted(root.iterdir())[1::2]:
        pixels = np.asarray(shrunk(Image.open(path)))
        sets = np.full(pixels.shape[:2], one_of(Part.BACKGROUND, Part.OCCLUDER), np.uint16)
        yield Example(name=path.name, person=path.name, pixels=pixels, sets=sets)


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
    model = teach(new_parser(recipe), recipe, pools, {"heads": 1.0}, steps=steps, seed=10, tell=told(path))
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
    model = teach(model, recipe, load(work), arm.kept(BEGIN), steps=steps, seed=11, tell=told(path))
    torch.save(model.state_dict(), path)


def dealt(pools: Mapping[str, Sequence[Example]]) -> dict[str, int]:
    """Return the fold of each person; the few people of many angles are spread over the folds first."""
    return {
        person: fold
        for kind in ("multipose", "frontal")
        for person, fold in deal([one.person for one in pools[kind]], FOLDS, SEED).items()
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
    model = teach(model, recipe, pools, arm.kept(MIX), steps=steps, size_px=arm.size_px, seed=seed, tell=told(path))
    torch.save(model.state_dict(), path)


def judge(work: Path, arm: Arm, root: Path, only: Sequence[int]) -> None:
    """Hold the parser of each fold to the hand-made masks of people it has not seen, through the whole face room."""
    recipe, where = read_recipe(find_recipe("face-parser")), dealt(load(work))
    for helped in (False, True):
        rows: list[dict[str, Any]] = []
        for fold in only or range(FOLDS):
            model = new_parser(recipe).eval()
            model.load_state_dict(torch.load(work / f"fold{fold}{arm.named}.pt", weights_only=True))
            with answering(model, helped=helped):
                rows += [held_to(one) for one in fasseg.index(root) if where[one.key.subject] == fold]
        name = f"judged{arm.named}{'-helped' if helped else ''}"
        (work / f"{name}.json").write_text(json.dumps(rows))
        print(
            f"\n{'with' if helped else 'without'} the person segmenter{arm.named}\n",
            *tables(rows),
            sep="\n",
            flush=True,
        )


@contextmanager
def answering(model: Model, *, helped: bool) -> Iterator[None]:
    """Let `model` answer in place of the network that ships; helped: the person segmenter is asked too."""

    @torch.inference_mode()
    def shares(view: np.ndarray) -> np.ndarray:
        seen = torch.from_numpy(view.copy()).permute(2, 0, 1)[None].float() / 255
        raw = model(seen, seen.new_zeros((1, 0)))["parts"]
        return np.ascontiguousarray(torch.softmax(raw, 1)[0].permute(1, 2, 0).numpy())

    with (
        mock.patch.object(parser, "shares", shares),
        mock.patch.object(segmenter, "installed", return_value=helped),
    ):
        yield


def held_to(sample: Sample) -> dict[str, Any]:
    """Return how well the face area of one photo is found, its angle and the tone of its skin."""
    photo, wanted = sample.read(), np.asarray(sample.beside["parts"]())
    assert isinstance(photo, Photo)
    face = find_face(photo)
    found = np.zeros(wanted.shape, np.uint8)
    if face is not None:
        frame = face.frame
        big = np.repeat(np.repeat(face.parts, frame.factor, axis=0), frame.factor, axis=1)
        found[frame.y_px : frame.y_px + big.shape[0], frame.x_px : frame.x_px + big.shape[1]] = big
    mine, true = np.isin(found, FACE_AREA), np.isin(wanted, FACE_AREA)
    lab = np.median(srgb_to_lab(photo.pixels[wanted == Part.FACE_SKIN]), axis=0)
    return {
        "name": str(sample.key),
        "person": sample.key.subject,
        "poses": str(sample.traits["poses"]),
        "yaw_deg": abs(float(sample.traits["yaw_deg"])),
        "iou": float((mine & true).sum() / max((mine | true).sum(), 1)),
        "too_much": float((mine & ~true).sum() / true.sum()),
        "too_little": float((true & ~mine).sum() / true.sum()),
        "tone": ita_class(float(ita_deg(lab))),
        "landmarks": face is not None and face.landmarks is not None,
    }


def tables(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the figures as lines of Markdown: IoU with its interval, pictures and people."""
    turned = [row for row in rows if row["poses"] == "multipose"]
    sets = {"frontal": [row for row in rows if row["poses"] == "frontal"], "yaw -90 to 90": turned}
    for low, high in ((0, 15), (30, 45), (60, 90)):
        sets[f"yaw {low}-{high}"] = [row for row in turned if low <= row["yaw_deg"] <= high]
    for tone in sorted({row["tone"] for row in rows}):
        sets[tone] = [row for row in rows if row["tone"] == tone]
        sets[f"{tone}, multipose"] = [row for row in turned if row["tone"] == tone]
    for name, some in sets.items():
        if some:
            people = {row["person"] for row in some}
            mean, low, high = by_people(some)
            yield f"| {name} | {len(some)} | {len(people)} | {mean:.4f} | {low:.4f} | {high:.4f} |"


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
    print(export(run, recipe.name, home=into))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("step", choices=("collect", "exact", "begin", "folds", "judge", "finish", "export"))
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
        case "finish":
            finish(given.work)
        case "export":
            ship(given.work, given.into)


if __name__ == "__main__":
    main()
