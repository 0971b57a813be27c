"""Tables that ship beside the code: each is a recipe with a run, a hash and a card, tried in little."""

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from dermis.colour.tone import ita_deg
from dermis.core import Encoding, Photo, Region, Sample, SampleKey
from dermis.core.tables import load_table, sha256_of
from dermis.errors import InputError
from dermis.formats.tables import read_table
from dermis.lab.synth.skin.colour import MATT_SHARE
from dermis.lab.synth.subjects import SubjectPopulation, draw_subject
from dermis.lab.train import brown_marks, face_population, pigment_index, tone_posterior
from dermis.lab.train.acne import change as acne_change
from dermis.lab.train.acne import errors as acne_errors
from dermis.lab.train.acne import presence as acne_presence
from dermis.lab.train.brown_marks import Lesson
from dermis.lab.train.examples import comedones
from dermis.lab.train.objectives import pooled
from dermis.lab.train.objectives.tables import export_table
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.lab.train.recipe.learners import LEARNERS
from dermis.lab.train.train import train_recipe
from dermis.optics.camera import find_camera
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import lab_under
from dermis.tasks.pigment_index import COEFFICIENTS
from dermis.tasks.pigmentation.skin_grid import CLUES

GROUPS = ("light", "dark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    name: str
    person: str
    pixels: np.ndarray
    grade: float = 1.0


def people_of_every_tone(count):
    """Return spectra (count, 31) of drawn people, each ITA class in turn, and their ITA."""
    spectra = []
    for number in range(count):
        low, high = tone_posterior.CLASSES_DEG[number % len(tone_posterior.CLASSES_DEG)]
        population = SubjectPopulation(lowest_ita_deg=max(low, -60.0), highest_ita_deg=min(high, 70.0))
        skin = draw_subject(100_000 + number, population).skin.tissue
        spectra.append(reflectance(skin, pigment_index.NM, specular_share=MATT_SHARE))
    return np.array(spectra), np.asarray(ita_deg(lab_under(np.array(spectra), pigment_index.NM)))


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Spectra of made people of two groups, as the archive lays them out."""
    import gzip

    spectra, ita = people_of_every_tone(12)
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("data") / "issa_spectra"
    folder.mkdir()
    words = ["group", "ethnicity", "origin", "location", "gender", "age_group", "ITA"]
    lines = [",".join([*words, *(f"R{nm}" for nm in range(400, 701, 10))])]
    for at in range(48):
        spectrum = spectra[at % 12] * rng.uniform(0.97, 1.03)
        told = [f"p{at}", GROUPS[at % 2], "here", "cheek", "f", "30", f"{ita[at % 12]:.1f}"]
        lines.append(",".join([*told, *(f"{value:.5f}" for value in spectrum)]))
    with gzip.open(folder / "spectra.csv.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return folder


def fitted(name, roots, tmp_path, *settings):
    """Return the run of a recipe, and where its table was exported to."""
    recipe = read_recipe(find_recipe(name), settings)
    run = train_recipe(recipe, roots, tmp_path / "runs")
    return run, export_table(run, tmp_path / "home")


def check(run, table):
    learner = LEARNERS[run.recipe.learner]
    assert table.name == learner.table.rpartition("/")[2]
    card = table.with_suffix(".md").read_text()
    assert run.recipe.about in card
    assert all(limit in card for limit in run.recipe.limits)
    assert json.loads((run.folder / "data.json").read_text())["fingerprint"][:16] in card
    assert all(np.isfinite(value) for value in run.result().values())
    if table.suffix == ".npz":
        assert load_table(table)


def test_every_table_that_ships_is_a_recipe():
    learners = {read_recipe(find_recipe(name)).learner for name in NAMES}
    assert learners == {name for name, learner in LEARNERS.items() if learner.table}


NAMES = ("brown-marks", "tone-posterior", "pigment-index", "face-population", "camera-population", "emulator",
         "acne-presence", "acne-errors", "acne-change", "comedones")  # fmt: skip


def test_pigment_index(people, tmp_path, monkeypatch):
    monkeypatch.setattr(pigment_index, "A_GROUP", 12)
    run, table = fitted("pigment-index", {"issa_spectra": people}, tmp_path)
    check(run, table)
    assert table.read_text().count("\n") == COEFFICIENTS.read_text().count("\n")
    assert run.result()["melanin_all_spearman"] > 0.9


def test_face_population(people, tmp_path, monkeypatch):
    monkeypatch.setattr(face_population, "STEPS", 1)
    monkeypatch.setattr(face_population, "DRAWS", 20)
    run, table = fitted("face-population", {"issa_spectra": people}, tmp_path)
    check(run, table)
    assert run.result()["cells"] == len(GROUPS)


def test_tone_posterior(models, tmp_path):
    run, table = fitted("tone-posterior", {}, tmp_path, "fit.people=3", "fit.shots=2", "fit.rounds=3")
    check(run, table)
    for task, scaled in (("skin_tone", True), ("skin_lightness", False)):
        held = json.loads((tmp_path / "home" / "intervals" / f"{task}.json").read_text())
        assert (held["belts"]["unknown"]["people"], held["belts"]["unknown"]["scaled"]) == (3, scaled)


def test_camera_population(tmp_path):
    folder = tmp_path / "spectra"
    folder.mkdir()
    observer = find_camera("CIE 1931")
    rows = ["camera,wavelength_nm,red,green,blue"]
    rng = np.random.default_rng(0)
    for number in range(12):
        turned = observer.sensitivities * rng.uniform(0.9, 1.1, observer.sensitivities.shape)
        for nm, values in zip(observer.wavelengths_nm, turned, strict=True):
            rows.append(f"made {number},{nm:g}," + ",".join(f"{value:.6f}" for value in values))
    (folder / "camera_sensitivities.csv").write_text("\n".join(rows) + "\n")
    run, table = fitted("camera-population", {"spectra": folder}, tmp_path)
    check(run, table)
    assert run.result()["cameras"] == 12


def test_emulator(tmp_path):
    few = ("fit.runs=2", "fit.photons=0.01", "fit.steps=3")
    run, table = fitted("emulator", {}, tmp_path, *few)
    check(run, table)
    assert run.result()["points"] == 2 * 4 * 40


def test_brown_marks(tmp_path, monkeypatch):
    """On lessons that are drawn instead of painted."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "labels.csv").write_text("file,person\n")
    rng = np.random.default_rng(0)

    def lessons(portraits, adults, numbers, *, seed):
        assert (numbers["portrait_shots"], numbers["adult_shots"]) == (2, 1)
        for number in range(10):
            density = np.where(rng.random(200) > 0.5, 8.0, 0.0).astype(np.float32)
            clues = rng.normal(0, 1, (200, len(CLUES))).astype(np.float32)
            yield Lesson(photo=number, clues=clues + density[:, None] / 8, density=density)

    monkeypatch.setattr(brown_marks, "lessons", lessons)
    roots = {"openpeople": folder, "caltech_faces_light": folder}
    run, table = fitted("brown-marks", roots, tmp_path, "fit.portrait_shots=2", "fit.adult_shots=1")
    check(run, table)
    assert run.result()["painted_photos"] == 10


def test_acne_presence(tmp_path, monkeypatch):
    """On evidence that is drawn instead of found."""
    rng = np.random.default_rng(0)
    homes = {name: tmp_path / name for name in ("caltech_faces_light", "acne04")}
    for folder in homes.values():
        folder.mkdir()
        (folder / "labels.csv").write_text("file,group\n")

    def lesions_in(folder, only=None):
        assert (only is None) == (folder == homes["caltech_faces_light"])
        middle = 30.0 if folder == homes["acne04"] else 2.0
        return [(f"{folder.name} {number}", float(middle * rng.uniform(0.5, 1.5))) for number in range(20)]

    monkeypatch.setattr(acne_presence, "_lesions_in", lesions_in)
    monkeypatch.setattr(acne_presence, "untaught_photos", lambda folder: frozenset({"seen"}))
    monkeypatch.setattr(acne_presence, "evidence_of", lambda lesions, limit: lesions)
    run, table = fitted("acne-presence", homes, tmp_path)
    check(run, table)
    assert table.read_text().startswith("limit,slope")
    # All but one in twenty-five lie above the limit: of twenty one is missed.
    assert run.result() == {"clear_called_acne": 0.0, "acne_called_acne": 0.95}


def test_the_photos_of_acne_are_those_that_teach_its_network_nothing(tmp_path, monkeypatch):
    """Whole people, about the share that the recipe of the network keeps aside, and of photos alone, not of crops."""
    rng = np.random.default_rng(0)
    photos = [
        Seen(name=f"photo{at}", person=f"group-{at // 2}", pixels=rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
        for at in range(120)
    ]
    crops = [replace(one, name=f"crop{at}") for at, one in enumerate(photos)]
    told = []

    def gather(recipe, roots):
        told.append((list(recipe.pool), roots))
        return {"graded": photos, "marked": crops}

    monkeypatch.setattr(pooled, "gather", gather)
    untaught = acne_presence.untaught_photos(tmp_path)
    assert told == [(["graded", "marked"], {"acne04": tmp_path})]
    assert 6 <= len(untaught) <= 24
    people = {one.person for one in photos if one.name in untaught}
    assert untaught == {one.name for one in photos if one.person in people}


def test_comedones(tmp_path, monkeypatch):
    """On lessons that are drawn as numbers."""
    homes = {name: tmp_path / name for name in ("acne04", "openpeople")}
    for folder in homes.values():
        folder.mkdir()
    rng = np.random.default_rng(0)

    def lessons(folder):
        for number in range(8):
            labels = (rng.random(300) > 0.9).astype(np.int64)
            clues = rng.normal(0, 1, (300, len(comedones.CLUES))) + 4 * labels[:, None]
            yield comedones.Lesson(group=str(number), clues=clues, labels=labels, true=int(labels.sum()))

    monkeypatch.setattr(comedones, "crop_lessons", lessons)
    monkeypatch.setattr(comedones, "drawn_lessons", lessons)
    run, table = fitted("comedones", homes, tmp_path, "fit.rounds=12")
    check(run, table)
    assert run.result()["crops"] == run.result()["drawn_portraits"] == 8


def test_acne_errors(tmp_path, monkeypatch):
    """On counts that are given: the first two people taught the trees, the last crop the network."""
    folder = tmp_path / "acne04"
    folder.mkdir()
    samples = [
        Sample(
            key=SampleKey(dataset="acne04", subject=f"group-{at // 2}", view=f"photo{at}"),
            read=lambda at=at: Photo(pixels=np.full((4, 4, 3), at / 100, np.float32), encoding=Encoding.SRGB),
            traits={"hires": f"{at % 7}"} if at % 2 else {},
        )
        for at in range(40)
    ]
    asked = []

    def lessons(folder, taken):
        asked.extend(one.key.subject for one in taken)
        return [comedones.Lesson(group=one.key.subject, clues=np.zeros((0, 1)), labels=np.zeros(0, int),
                                 true=2 * int(one.traits["hires"]) + 1)
                for one in taken]  # fmt: skip

    def lesions(photo):
        crop = isinstance(photo, str)
        told = dict.fromkeys(Region, float(photo) if crop else 0.0)
        level = 0.0 if crop else float(photo.pixels[0, 0, 0])
        return SimpleNamespace(counts=dict.fromkeys(Region, 2 * np.exp(level) - 1), comedones=told)

    monkeypatch.setattr(acne_errors, "untaught_photos", lambda folder: {f"photo{at}" for at in range(39)})
    monkeypatch.setattr(acne_errors, "find_dataset", lambda name: SimpleNamespace(index=lambda folder: samples))
    monkeypatch.setattr(acne_errors, "teaching_crops", lambda folder: samples[:4])
    monkeypatch.setattr(acne_errors, "crop_lessons", lessons)
    monkeypatch.setattr(acne_errors, "read_photo", str)
    monkeypatch.setattr(acne_errors, "_lesions", lesions)
    again = 0.3 * np.sqrt(2)
    monkeypatch.setattr(
        acne_errors, "photographed_again", lambda photo, seed: replace(photo, pixels=photo.pixels + np.float32(again))
    )
    run, table = fitted("acne-errors", {"acne04": folder}, tmp_path)
    check(run, table)
    assert sorted(set(asked)) == sorted(f"group-{one}" for one in range(2, 19))
    monkeypatch.setattr(acne_errors, "untaught_photos", lambda folder: {f"photo{at}" for at in range(8)})
    with pytest.raises(InputError, match="2 people with crops and 4 with photos"):
        fitted("acne-errors", {"acne04": folder}, tmp_path / "few")
    rows = {row["error"]: row for row in read_table(table, needs=("error", "log1p", "people"))}
    assert float(rows["comedones"]["log1p"]) == pytest.approx(np.log(2), abs=0.01)
    assert float(rows["count_again"]["log1p"]) == pytest.approx(0.3, abs=0.01)
    assert (rows["comedones"]["people"], rows["count_again"]["people"]) == ("17", "20")


def test_the_hash_of_another_table_stays(people, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / "hashes.json").write_text('{"other.npz": "abc"}')
    monkeypatch.setattr(face_population, "STEPS", 1)
    monkeypatch.setattr(face_population, "DRAWS", 20)
    _, table = fitted("face-population", {"issa_spectra": people}, tmp_path)
    assert json.loads((home / "hashes.json").read_text()) == {"other.npz": "abc", table.name: sha256_of(table)}


def test_acne_change(tmp_path, monkeypatch):
    """On boxes that are given: what is new scores as high as what is not, and stands out by four deviations."""
    homes = {"caltech_faces_light": tmp_path / "clear", "acne04": tmp_path / "acne04"}
    for home in homes.values():
        home.mkdir()
    monkeypatch.setattr(acne_change, "_clear", lambda folder: [(None, f"c{at}", f"c{at}") for at in range(6)])
    monkeypatch.setattr(acne_change, "_sore", lambda folder: [(None, f"a{at}", f"a{at}") for at in range(6)])
    rng = np.random.default_rng(0)

    def lessons(photo, group, name):
        for gloss, drawn in ((False, 3), (False, 0), (True, 3), (True, 0)):
            mark = np.r_[np.arange(drawn), np.full(20, -1)]
            clues = rng.normal(0, 1, (len(mark), 4)) + np.outer(mark >= 0, (0.0, 0.0, 2.0 if gloss else 5.0, 0.0))
            yield acne_change.ChangeLesson(
                group=group, gloss=gloss, clues=clues, mark=mark.astype(np.intp), drawn=drawn
            )

    monkeypatch.setattr(acne_change, "lessons_of", lessons)
    run, table = fitted("acne-change", homes, tmp_path)
    check(run, table)
    said = run.result()
    assert (said["pairs"], said["people"], said["papules"]) == (24, 12, 72)
    assert said["papules_told_new"] > 0.85
    assert said["papules_told_new_gloss"] < said["papules_told_new"] - 0.3
    assert said["falsely_told_a_comparison"] < 0.3
    (row,) = read_table(table, needs=("start", "here", "there", "contrast", "left", "new", "not_new"))
    others = max(abs(float(row[name])) for name in ("here", "there", "left"))
    assert float(row["contrast"]) > 3 * others
    assert (int(row["new"]), int(row["not_new"])) == (72, 12 * 80)
