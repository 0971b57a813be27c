import hashlib
import json

import pytest

from dermis.errors import UsageError
from dermis.lab.datasets.dataset import MADE
from dermis.lab.synth.camera.acquisition import subject_of
from dermis.lab.synth.make import make_set, plan_set
from dermis.lab.synth.recipe import read_recipe, recipe_hash

CHIPS = ("tones=3", "sets=2", "cameras=iphone", "test_tones=2", "test_sets=1", "test_cameras=sony", "size_px=64")
FACES = ("subjects=2", "size_px=64", "views=left")


def digests(root):
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def chips(tmp_path_factory):
    root = tmp_path_factory.mktemp("chips") / "made"
    make_set(read_recipe("tone-chips", CHIPS), root, workers=2)
    return root


def test_workers_and_runs_do_not_matter(chips, tmp_path):
    make_set(read_recipe("tone-chips", CHIPS), tmp_path / "again", workers=1)
    assert digests(tmp_path / "again") == digests(chips)


def test_the_seed_matters(chips, tmp_path):
    make_set(read_recipe("tone-chips", [*CHIPS, "seed=9"]), tmp_path / "other", workers=0)
    first, second = digests(chips), digests(tmp_path / "other")
    assert set(first) == set(second)
    same = {name for name in first if first[name] == second[name]}
    assert same == set()


def test_faces_are_the_same_in_any_process(tmp_path):
    recipe = read_recipe("faces", FACES)
    for workers in (1, 2):
        make_set(recipe, tmp_path / str(workers), workers=workers)
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


def test_a_stopped_run_goes_on_where_it_was(chips, tmp_path):
    recipe, out = read_recipe("tone-chips", CHIPS), tmp_path / "made"

    class Stopped(Exception):
        pass

    def stop(made):
        raise Stopped

    with pytest.raises(Stopped):
        make_set(recipe, out, workers=0, progress=stop)
    finished = {path: path.stat().st_mtime_ns for path in (out / "truth").glob("*.json")}
    assert len(finished) == 3
    assert plan_set(recipe, out)[1] == 5
    # What a kill in the middle of a picture leaves behind: files without their record, and half a folder.
    next(iter(finished)).unlink()
    (out / ".unfinished" / "x" / "truth").mkdir(parents=True)
    (out / ".unfinished" / "x" / "truth" / "x.json").write_text("{")
    counted = []
    make_set(recipe, out, workers=0, progress=counted.append)
    assert sum(counted) == 6
    assert digests(out) == digests(chips)
    kept = [path for path, time in finished.items() if path.stat().st_mtime_ns == time]
    assert len(kept) == 2


def test_a_finished_set_is_not_made_again(chips):
    before = {path: path.stat().st_mtime_ns for path in (chips / "cropped-merged-256").rglob("*.jpg")}
    assert plan_set(read_recipe("tone-chips", CHIPS), chips) == ([], 0)
    make_set(read_recipe("tone-chips", CHIPS), chips, workers=0)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_folders_of_others_are_left_alone(chips, tmp_path):
    with pytest.raises(UsageError, match="holds a set of another recipe"):
        plan_set(read_recipe("tone-chips", [*CHIPS, "seed=3"]), chips)
    (tmp_path / "mine.txt").write_text("letters")
    with pytest.raises(UsageError, match="is not empty"):
        make_set(read_recipe("tone-chips", CHIPS), tmp_path)


def test_what_a_set_says_of_itself(chips):
    recipe = read_recipe("tone-chips", CHIPS)
    said = json.loads((chips / MADE).read_text())
    assert said["hash"] == recipe_hash(recipe)
    assert said["recipe"]["tones"] == 3
    card = (chips / "card.md").read_text()
    assert recipe_hash(recipe) in card
    assert "8 pictures of 5 subjects" in card
    assert "## Limits" in card
    assert not (chips / ".unfinished").exists()


def test_the_contact_sheet_goes_from_light_to_dark(chips):
    import numpy as np
    from PIL import Image

    with Image.open(chips / "contact-sheet.png") as sheet:
        pixels = np.asarray(sheet.convert("L"), dtype=float)
    tiles = [pixels[40:110, left + 40 : left + 110].mean() for left in range(0, pixels.shape[1], 150)]
    assert len(tiles) == 8
    assert np.mean(tiles[:2]) > np.mean(tiles[-2:]) + 10


def test_more_people_are_added_behind_the_same_ones():
    few, many = (read_recipe("faces", [f"subjects={count}"]) for count in (2, 5))
    assert [subject_of(few, number) for number in range(2)] == [subject_of(many, number) for number in range(2)]
    assert len({subject_of(many, number).seed for number in range(5)}) == 5
    assert subject_of(read_recipe("faces", ["seed=7"]), 0) != subject_of(few, 0)
