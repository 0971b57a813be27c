"""Teach, judge and ship the face parser: the tables of docs/concepts/parser.md.

    python benchmarks/face_parser.py collect WORK --fasseg DATA/fasseg --acne04 DATA/acne04 --people DIR --others DIR
    python benchmarks/face_parser.py begin   WORK         from ImageNet, on teachers and synthetic heads
    python benchmarks/face_parser.py folds   WORK [--without teachers|heads|beginning]
    python benchmarks/face_parser.py finish  WORK         on everything
    python benchmarks/face_parser.py export  WORK --into FOLDER

WORK keeps examples and weights; it holds pictures of people and stays out of the repository. `--people` is the folder
`data/curated` of the package openpeople, `--others` a folder of pictures without people. Needs the zoo's segmenter.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from dermis.core import Part, Photo
from dermis.datasets import acne04, fasseg
from dermis.face import segmenter
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
from dermis.train.parser_sets import FACE_AREA, Sets, of_hand_made, of_parts, of_teacher, one_of
from dermis.train.parser_views import Example
from dermis.train.recipe import find_recipe, read_recipe
from dermis.train.run import open_run

LONGEST, SEED, FOLDS = 384, 4, 5
STEPS = {"begin": 840, "fold": 100, "finish": 150}
BEGIN = {"people": 0.27, "acne04": 0.33, "heads": 0.36, "others": 0.04}
MIX = {"multipose": 0.32, "frontal": 0.28, "acne04": 0.12, "people": 0.11, "heads": 0.12, "others": 0.05}
LEFT_OUT = {"": (), "teachers": ("acne04", "people"), "heads": ("heads",), "beginning": ()}
HEADS, SHOTS = 150, ("face", "head", "", "close")
CLOSE = ("left_half", "right_half", "left_cheek", "right_cheek", "head", "face", "head")


def collect(work: Path, roots: argparse.Namespace) -> None:
    pools = {
        "multipose": list(hand_made(roots.fasseg, "multipose")),
        "frontal": list(hand_made(roots.fasseg, "frontal")),
        "acne04": list(taught_acne(roots.acne04)),
        "people": list(taught_people(roots.people)),
        "heads": list(heads()),
        "others": list(without_people(roots.others)),
    }
    (work / "pools.pkl").write_bytes(pickle.dumps(pools))


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


def taught_acne(root: Path, count: int = 200) -> Iterator[Example]:
    """ACNE04 by its teachers; every sixth group of people is only looked at."""
    samples = [sample for sample in acne04.index(root) if int(sample.key.subject) % 6]
    for place in np.random.default_rng(1).permutation(len(samples))[:count]:
        photo = samples[place].read()
        assert isinstance(photo, Photo)
        faces = locate(photo)
        yield taught(photo, faces[0] if faces else None, str(samples[place].key), samples[place].key.subject)


def taught_people(root: Path) -> Iterator[Example]:
    for path in sorted(root.glob("*/assets/*.jpg")):
        photo = read_photo(path)
        for face in locate(photo)[:8]:
            side = 1.25 * face.square.side_px
            x0, y0 = (max(0, int(middle - side)) for middle in (face.square.x_px, face.square.y_px))
            x1, y1 = (int(middle + side) for middle in (face.square.x_px, face.square.y_px))
            cut = Photo(pixels=photo.pixels[y0:y1, x0:x1], encoding=photo.encoding)
            again = locate(cut)
            yield taught(cut, again[0] if again else None, path.name, path.parts[-3])


def taught(photo: Photo, face: Located | None, name: str, person: str) -> Example:
    frame = frame_around(photo, 0, 0, photo.width_px, photo.height_px, longest=LONGEST)
    picture = look(photo, frame)
    side = float(max(photo.width_px, photo.height_px))
    whole = Square(x_px=photo.width_px / 2, y_px=photo.height_px / 2, side_px=side)
    wide = Square(x_px=photo.width_px / 2, y_px=photo.height_px / 2, side_px=1.5 * side)
    shares = np.moveaxis(segmenter.segment(picture, [whole, wide], (frame.height, frame.width)), 0, -1)
    drawn, inside = drawn_parts(picture, face)
    pixels = np.asarray(picture.levels[0])
    return Example(name=name, person=person, pixels=pixels, sets=of_teacher(shares, drawn, inside))


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
        for place, framing in enumerate(SHOTS):
            yaw_deg = float(rng.uniform(-90, 90)) if place else float(np.clip(rng.normal(0, 8), -90, 90))
            named = str(rng.choice(CLOSE)) if framing == "close" else framing or None
            expression = str(rng.choice(["neutral", "smile"]))
            shot = draw_everyday_shot(rng, recipe, str(yaw_deg), expression, framing=named)
            scene = stage(person, visit, shot)
            raw = raw_of(scene)
            photo = develop(raw, everyday_development(rng, shot, raw, scene.buffers.regions > 0), rng)
            pixels = np.uint8(np.rint(np.clip(photo.pixels, 0, 1) * 255))
            yield Example(
                name=f"{number}_{place}", person=f"head{number}", pixels=pixels, sets=of_parts(scene.buffers.parts)
            )


def without_people(root: Path) -> Iterator[Example]:
    """Every second picture of a folder; the others judge what is taken for skin."""
    for path in sorted(root.iterdir())[1::2]:
        pixels = np.asarray(shrunk(Image.open(path)))
        sets = np.full(pixels.shape[:2], one_of(Part.BACKGROUND, Part.OCCLUDER), np.uint16)
        yield Example(name=path.name, person=path.name, pixels=pixels, sets=sets)


def load(work: Path) -> dict[str, list[Example]]:
    held: dict[str, list[Example]] = pickle.loads((work / "pools.pkl").read_bytes())
    return held


def begin(work: Path) -> None:
    recipe = read_recipe(find_recipe("face-parser"), ["train.lr=5e-3", "train.ema=0.99"])
    model = teach(new_parser(recipe), recipe, load(work), BEGIN, steps=STEPS["begin"], seed=11, tell=print)
    torch.save(model.state_dict(), work / "begin.pt")


def folds(work: Path, without: str) -> None:
    """Teach on the people of all folds but one, judge on that one."""
    recipe, pools = read_recipe(find_recipe("face-parser")), load(work)
    known = {one.person for kind in ("multipose", "frontal") for one in pools[kind]}
    where = deal(sorted(known), FOLDS, SEED)
    shares = {kind: share for kind, share in MIX.items() if kind not in LEFT_OUT[without]}
    rows = []
    for fold in range(FOLDS):
        seen = {kind: [one for one in pool if where.get(one.person) != fold] for kind, pool in pools.items()}
        model = new_parser(recipe)
        if without != "beginning":
            model.load_state_dict(torch.load(work / "begin.pt", weights_only=True))
        model = teach(model, recipe, seen, shares, steps=STEPS["fold"], seed=100 + fold, tell=print)
        for kind in ("multipose", "frontal"):
            for one in (one for one in pools[kind] if where[one.person] == fold):
                rows.append({"name": one.name, "person": one.person, "poses": kind, "iou": area_iou(model, one)})
    (work / f"folds-{without or 'all'}.json").write_text(json.dumps(rows))
    for kind in ("frontal", "multipose"):
        print(kind, np.mean([row["iou"] for row in rows if row["poses"] == kind]))


@torch.inference_mode()
def area_iou(model: Model, example: Example, size: int = 256) -> float:
    """Return the IoU of the face area with the picture seen whole in a square."""
    height, width = example.sets.shape
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    canvas = Image.new("RGB", (side, side))
    canvas.paste(Image.fromarray(example.pixels), (left, top))
    seen = torch.from_numpy(np.asarray(canvas.resize((size, size), Image.Resampling.BILINEAR)).copy())
    raw = model(seen.permute(2, 0, 1)[None].float() / 255, torch.zeros(1, 0))["parts"]
    big = (
        torch.nn.functional.interpolate(torch.softmax(raw, 1), size=(side, side), mode="bilinear")[0].argmax(0).numpy()
    )
    found = np.isin(big[top : top + height, left : left + width], FACE_AREA)
    true = is_face_area(example.sets)
    return float((found & true).sum() / max((found | true).sum(), 1))


def is_face_area(sets: Sets) -> np.ndarray:
    return (sets & one_of(*FACE_AREA)) > 0


def finish(work: Path) -> None:
    recipe = read_recipe(find_recipe("face-parser"))
    model = new_parser(recipe)
    model.load_state_dict(torch.load(work / "begin.pt", weights_only=True))
    model = teach(model, recipe, load(work), MIX, steps=STEPS["finish"], seed=200, tell=print)
    torch.save(model.state_dict(), work / "finish.pt")


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
    asked.add_argument("step", choices=("collect", "begin", "folds", "finish", "export"))
    asked.add_argument("work", type=Path)
    for root in ("--fasseg", "--acne04", "--people", "--others", "--into"):
        asked.add_argument(root, type=Path)
    asked.add_argument("--without", choices=tuple(LEFT_OUT), default="")
    given = asked.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    match given.step:
        case "collect":
            collect(given.work, given)
        case "begin":
            begin(given.work)
        case "folds":
            folds(given.work, given.without)
        case "finish":
            finish(given.work)
        case "export":
            ship(given.work, given.into)


if __name__ == "__main__":
    main()
