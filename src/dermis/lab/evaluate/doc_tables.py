"""The tables of the docs, each printed by one command: of what ships, or of runs, made where they are missing.

A table stands in a page between `<!-- table NAME -->` and `<!-- end of table -->`, as it was last printed to
`docs/tables/NAME.txt`; a test holds the one to the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from dermis.errors import UsageError
from dermis.lab.evaluate.evidence.belts import commit_of_code, repeatability_table
from dermis.lab.train.recipe import RECIPES, find_recipe, read_recipe
from dermis.lab.train.recipe.learners import LEARNERS
from dermis.lab.train.recipe.toml_records import nearest
from dermis.lab.train.sources import PORTRAITS_NAME, Roots, folder_of, folder_of_data
from dermis.models.weights import WEIGHTS, shipped
from dermis.version import __version__

__all__ = ["print_tables", "table_names", "table_of"]


_EVERY = 3
"""Of a large set every third photo is looked at."""
_REAL_SKIN = (
    "caltech_faces_light", "chart_faces_mbatha", "acne_boxes_uii", "rosacea_faces", "dark_spots_faces", "melasma_faces",
    "dermnetnz_face",
)  # fmt: skip
_MOST = 70
"""Of each set of real skin so many photos are looked at."""
_UNTAUGHT = ("P008", "P009", "P010")
"""People of openpeople who taught the network of acne nothing."""


_OUR_FOLDS = "| `acne`, five folds as recorded | 0.855 [0.831, 0.875] | 0.772 | 0.432 | not taught so | |"
"""`dermis evaluate acne --folds` takes days of two cores; folds were dealt before two groups were joined."""


def table_names() -> tuple[str, ...]:
    """Return the names of all tables: those made by code of their own, and one of each shipped recipe."""
    return (*_TABLES, *sorted({path.stem for path in RECIPES.glob("*.toml")} - set(_TABLES)))


def print_tables(name: str, roots: Roots, runs: Path) -> None:
    """Print the table `name`, or all of them; UsageError for one that does not exist."""
    names = table_names() if name == "all" else (name,)
    for one in names:
        print(table_of(one, roots, runs))


def table_of(name: str, roots: Roots, runs: Path) -> str:
    """Return a table as Markdown, with the commit and the data it was made from."""
    if name not in table_names():
        raise UsageError(f"No table is called {name!r}.", advice=nearest(name, table_names()))
    text = _TABLES[name](roots, runs) if name in _TABLES else _of_recipe(name, roots, runs)
    return text.strip() + "\n"


def _of_weights(roots: Roots, runs: Path) -> str:
    lines = [
        "| weights | what they say | learner | recipe | examples that taught | size, kB |",
        "|---|---|---|---|---|---|",
    ]
    for name in shipped():
        meta = json.loads((WEIGHTS / name / "meta.json").read_text(encoding="utf-8"))
        size = sum(path.stat().st_size for path in (WEIGHTS / name).iterdir() if path.suffix in (".onnx", ".npz"))
        taught = meta.get("data", {}).get("samples", {}).get("train", "")
        recipe = f"`{meta['recipe']}`" if meta["recipe"] else ""
        told = read_recipe(RECIPES / f"{name}.toml")
        cells = (f"`{name}`", told.about, told.learner, recipe, str(taught), f"{size / 1e3:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _of_recipe(name: str, roots: Roots, runs: Path) -> str:
    """Return the figures of a recipe: of its run on the part test, or of its folds where it keeps nobody aside."""
    from dermis.lab.evaluate.evaluate import evaluate_run
    from dermis.lab.evaluate.folds import evaluate_folds, evaluate_pools, folds_folder
    from dermis.lab.train.train import train_recipe

    recipe = read_recipe(find_recipe(name))
    learner = LEARNERS[recipe.learner]
    if learner.closed_form:
        folder = train_recipe(recipe, roots, runs).folder
        rows = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        lines = ["| figure | value |", "|---|---|", *(f"| {key} | {value:.4g} |" for key, value in rows.items())]
        return "\n".join([*lines, "", _where(folder)])
    tested = any(pool.part == "test" for pool in recipe.pool.values())
    if recipe.split.folds or (recipe.pool and not tested):
        evaluate_folds(recipe, roots, runs)
        folder = folds_folder(recipe, runs)
    else:
        run = train_recipe(recipe, roots, runs)
        folder = run.folder
        if not (folder / "evaluation" / "evaluation.md").is_file():
            if recipe.pool:
                evaluate_pools(run, roots)
            else:
                from dermis.lab.datasets import find_dataset

                root = folder_of_data(recipe, roots)
                evaluate_run(run, find_dataset(recipe.data.dataset).index(root), root=root)
    text = (folder / "evaluation" / "evaluation.md").read_text(encoding="utf-8")
    return f"{text.strip()}\n\n{_where(folder)}"


def _where(folder: Path) -> str:
    """Return in words the commit and the data of a table."""
    noted = folder / "data.json"
    data = json.loads(noted.read_text(encoding="utf-8"))["fingerprint"][:16] if noted.is_file() else "as its runs note"
    return f"dermis {__version__}, commit {commit_of_code()}, data `{data}`."


def _signed(text: str) -> str:
    """Return a table with what printed it."""
    return f"{text}\n\ndermis {__version__}, commit {commit_of_code()}."


def _of_measured_people(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.measured.people import people_table

    return _signed(people_table(*(folder_of(name, roots) for name in ("issa_spectra", "nist_spectra", "spectra"))))


def _of_photos(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.measured.photos import photos_table

    return _signed(photos_table(*(folder_of(name, roots) for name in ("issa_spectra", "nist_spectra", "spectra"))))


def _of_chart(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.measured.colour import chart_table

    return _signed(
        chart_table(*(folder_of(name, roots) for name in ("colorchart_iphone6p", "issa_spectra", "spectra")))
    )


def _of_monk(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.measured.colour import monk_table

    return _signed(monk_table(folder_of("issa_spectra", roots)))


def _of_pigment(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.measured.pigment import pigment_table

    return _signed(pigment_table(*(folder_of(name, roots) for name in ("issa_spectra", "spectra"))))


def _of_tissue(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.measured.tissue import tissue_table

    return _signed(tissue_table(folder_of("spectra", roots)))


def _of_emulator(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.measured.tissue import emulator_table

    return _signed(emulator_table())


def _of_trial(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.trial_table import trial_table

    return _signed(trial_table(roots, runs))


def _of_published(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.published import published_table

    return _signed(published_table(roots, runs, ours=_OUR_FOLDS))


def _of_acne_starts(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.starts import starts_table

    return _signed(starts_table(roots, runs))


def _of_acne_counts(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.elsewhere import count_lesions, counts_table

    return _signed(counts_table(list(count_lesions(folder_of("acne_boxes_uii", roots)))))


def _of_acne_selfies(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.elsewhere import count_lesions
    from dermis.lab.evaluate.acne.selfies import again_marked, marked_selfies, selfies_table

    folder = folder_of("acne_boxes_uii", roots)
    counted = {row.file: row for row in count_lesions(folder, only=again_marked())}
    return _signed(selfies_table(list(marked_selfies(folder, counted))))


def _of_acne_kinds(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.elsewhere import kinds_table, outlined_kinds

    return _signed(kinds_table(list(outlined_kinds(folder_of("skin_problems_seg", roots)))))


def _of_acne_comedones(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.comedones import comedones_page

    boxed, outlined, clear = (
        folder_of(name, roots) for name in ("acne_boxes_uii", "skin_problems_seg", "caltech_faces_light")
    )
    return _signed(comedones_page(boxed, outlined, clear, folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME)))


def _of_acne_halves(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.selfies import fronts_table

    return _signed(fronts_table(folder_of("acne_boxes_uii", roots)))


def _of_acne_sets(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.sets import SETS, photos_of, sets_table

    folders = {name: folder_of(name, roots, made=name if name == PORTRAITS_NAME else "") for name in SETS}
    return _signed(sets_table(photos_of(folders)))


def _of_acne_lookalikes(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.lookalikes import clear_faces, lookalikes_table, outlined_faces, people_of

    caltech, outlined = (folder_of(name, roots) for name in ("caltech_faces_light", "skin_problems_seg"))
    faces = [
        *clear_faces(caltech.name, people_of(caltech, _EVERY)),
        *clear_faces(PORTRAITS_NAME, people_of(folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME))),
        *outlined_faces(outlined.name, outlined),
    ]
    return _signed(lookalikes_table(faces))


def _of_acne_change(roots: Roots, runs: Path) -> str:
    from dermis.lab.datasets import find_dataset
    from dermis.lab.evaluate.acne.lookalikes import people_of
    from dermis.lab.evaluate.acne.visits import change_table, drawn_changes, repeats, same_visit

    samples = find_dataset("acne04").index(folder_of("acne04", roots))
    portraits = people_of(folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME))
    others = people_of(folder_of("acne_boxes_uii", roots), 3 * _EVERY)
    photos = [*((path, person) for path, person in portraits if person in _UNTAUGHT), *others]
    return _signed(change_table(list(repeats(samples)), list(same_visit(samples)), list(drawn_changes(photos))))


def _of_redness_grade(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.diagnoses.redness_grade import DIAGNOSES, redness_tables

    folders = {name: folder_of(name, roots, made=name if name == PORTRAITS_NAME else "") for name in DIAGNOSES}
    return _signed(redness_tables(folders))


def _of_mark_looks(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.diagnoses import mark_looks as looks

    painted = looks.clear_portraits_painted(folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME))
    grown = (one for seed in range(10) for one in looks.grown_looks(seed))
    return _signed(looks.looks_table(looks.outlined_looks(folder_of("skin_problems_seg", roots)), painted, grown))


def _of_pigmentation(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.diagnoses.pigmentation_table import pigmentation_table

    names = {"outlines": "skin_problems_seg", "web": "melasma_faces", "clinic": "dermnetnz_face",
             "adults": "caltech_faces_light", "charted": "chart_faces_mbatha"}  # fmt: skip
    folders = {role: folder_of(name, roots) for role, name in names.items()}
    return _signed(pigmentation_table(**folders, portraits=folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME)))


def _of_marks_by_tone(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.diagnoses.marks_by_tone import SETS, photos_by_tone, tone_lines

    folders = [folder_of(name, roots) for name in SETS]
    return _signed(tone_lines(photos_by_tone(folders, folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME))))


def _of_mark_look_alikes(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.diagnoses.mark_look_alikes import look_alike_table, look_alikes_on_faces
    from dermis.lab.evaluate.diagnoses.pigmentation_table import clear_faces

    adults, portraits = folder_of("caltech_faces_light", roots), folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME)
    return _signed(look_alike_table(list(look_alikes_on_faces(clear_faces(portraits, adults)))))


def _of_grade_intervals(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.evidence.grade_belts import coverage_lines, judged_photos, readings_of

    portraits = folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME)
    photos = judged_photos(portraits, folder_of("caltech_faces_light", roots), folder_of("melasma_faces", roots))
    return _signed("\n".join(coverage_lines(list(readings_of(photos)))))


def _of_flash_pairs(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.flash_pairs import flash_table

    return flash_table(runs)


def _of_redness(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.evidence.photo_tables import read_redness, redness_table

    return _signed(redness_table(*read_redness(folder_of("rosacea_faces", roots))))


def _of_presence(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.acne.lookalikes import people_of
    from dermis.lab.evaluate.evidence.photo_tables import clear_faces, presence_table

    photos = [
        *people_of(folder_of("caltech_faces_light", roots), _EVERY),
        *people_of(folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME)),
    ]
    return _signed(presence_table(list(clear_faces(photos))))


def _of_verdict(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.evidence.photo_tables import verdict_table
    from dermis.lab.evaluate.evidence.validate import verdict_readings

    folders = {name: folder_of(name, roots) for name in ("caltech_faces_light", "chart_faces_mbatha")}
    return _signed(verdict_table(*verdict_readings(folders)))


def _of_living_skin(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.evidence.out_of_scope import disguise_readings
    from dermis.lab.evaluate.evidence.photo_tables import disguises_table, false_alarms_table, tone_of
    from dermis.lab.evaluate.evidence.readings import folder_readings

    portraits = sorted(folder_of(PORTRAITS_NAME, roots, made=PORTRAITS_NAME).glob("P0*.jpg"))[::4]
    real = [
        one
        for name in _REAL_SKIN
        for one in folder_readings(name, folder_of(name, roots), most=_MOST, tasks=("skin_tone",))
    ]
    tables = disguises_table(list(disguise_readings(12, portraits))), false_alarms_table(real, tone_of(real))
    return _signed("\n\n".join(tables))


def _of_faults(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.evidence.made_faults import fault_readings, faults_table
    from dermis.lab.evaluate.evidence.readings import folder_readings

    real = [
        one
        for name in ("caltech_faces_light", "rosacea_faces", "chart_faces_mbatha")
        for one in folder_readings(name, folder_of(name, roots), most=_MOST, tasks=("skin_tone",))
        if one.condition == "unknown"
    ]
    return _signed(faults_table(list(fault_readings(6)), real))


def _of_charted_person(roots: Roots, runs: Path) -> str:
    from dermis.lab.evaluate.evidence.charted_person import charted_person_table, charted_shots

    return _signed(charted_person_table(list(charted_shots(folder_of("chart_faces_mbatha", roots)))))


def _of_repeatability(roots: Roots, runs: Path) -> str:
    return repeatability_table()


_TABLES: Mapping[str, Callable[[Roots, Path], str]] = {
    "weights": _of_weights,
    "flash-pairs": _of_flash_pairs,
    "spectra-people": _of_measured_people,
    "spectra-photos": _of_photos,
    "chart-patches": _of_chart,
    "monk-people": _of_monk,
    "pigment-people": _of_pigment,
    "tissue": _of_tissue,
    "tissue-emulator": _of_emulator,
    "pigmentation-trial": _of_trial,
    "grade-intervals": _of_grade_intervals,
    "redness-grade": _of_redness_grade,
    "mark-looks": _of_mark_looks,
    "pigmentation": _of_pigmentation,
    "pigmentation-lookalikes": _of_mark_look_alikes,
    "pigmentation-tones": _of_marks_by_tone,
    "acne-published": _of_published,
    "acne-starts": _of_acne_starts,
    "acne-counts": _of_acne_counts,
    "acne-selfies": _of_acne_selfies,
    "acne-kinds": _of_acne_kinds,
    "acne-comedones": _of_acne_comedones,
    "acne-halves": _of_acne_halves,
    "acne-sets": _of_acne_sets,
    "acne-lookalikes": _of_acne_lookalikes,
    "acne-change": _of_acne_change,
    "redness": _of_redness,
    "presence": _of_presence,
    "verdict": _of_verdict,
    "faults": _of_faults,
    "charted-person": _of_charted_person,
    "living-skin": _of_living_skin,
    "repeatability": _of_repeatability,
}
