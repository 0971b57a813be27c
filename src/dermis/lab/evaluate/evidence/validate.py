"""The evidence for what the program says, from its shipped models: `dermis validate`.

Made people of every ITA class, real repeats and charted people where their folder is given, changed exposures, faces in
disguise, and pictures that are no photo of a face. Each figure stands beside its limit and what is aimed at; a release
that misses a limit fails.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from dermis.lab.evaluate.evidence.belts import (
    charted_by_others,
    fit_charted_colour,
    fitted_repeatabilities,
    repeatability_rows,
    repeatability_table,
    write_charted_colour,
    write_intervals,
    write_repeatability,
)
from dermis.lab.evaluate.evidence.charted_person import charted_figures, charted_shots
from dermis.lab.evaluate.evidence.figures import (
    Figure,
    charted_ita,
    disguise_figures,
    figures_of,
    rosacea_figures,
)
from dermis.lab.evaluate.evidence.grade_belts import write_grade_intervals
from dermis.lab.evaluate.evidence.made_devices import pair_readings, rig_readings
from dermis.lab.evaluate.evidence.made_scenes import charted_examples, charted_readings
from dermis.lab.evaluate.evidence.out_of_scope import disguise_readings, out_of_scope
from dermis.lab.evaluate.evidence.photo_tables import read_redness, tone_of
from dermis.lab.evaluate.evidence.readings import (
    BY_CHART,
    EXPOSURES_EV,
    Reading,
    folder_readings,
    made_readings,
    reading_of,
)
from dermis.lab.synth.recipe import read_recipe
from dermis.pipeline.light.beside_chart import CHARTED_COLOUR, read_charted_colour
from dermis.tasks.intervals import FOLDER
from dermis.tasks.repeatability import REPEATABILITY
from dermis.version import __version__

__all__ = [
    "Validation",
    "fit_intervals",
    "validate",
    "validation_json",
    "validation_markdown",
    "validation_page",
    "verdict_readings",
]

FIT_SEED, LINE_SEED = 4411, 4412
"""Whose people teach the intervals, and the line beside charts; those of the recipe's own seed judge."""
PEOPLE, CHARTED, PEOPLE_SHORT, PEOPLE_FIT, DISGUISED = 72, 36, 2, 72, 6
REAL_PHOTOS, CHANGED = 80, 12
VERDICT_PEOPLE, VERDICT_PHOTOS = 24, 25
ADULTS, WEB = "caltech_faces_light", "melasma_faces"
"""The sets whose clear faces are painted for the intervals of grades; the second shows nobody twice."""
ROSACEA = "rosacea_faces"
"""The set whose labels tell rosacea from other faces."""
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """All figures, and pictures that are no face of a person: name, what was said, whether that was no number."""

    figures: tuple[Figure, ...]
    foreign: tuple[tuple[str, str, bool], ...]

    @property
    def held(self) -> bool:
        """Whether every figure and every picture came out as stated."""
        return all(one.held for one in self.figures) and all(right for *_, right in self.foreign)


def validate(
    data: Mapping[str, Path], *, short: bool = False, keep: Path | None = None, step: Step = lambda words: None
) -> Validation:
    """Run the evidence. data: real folders by name. short: two made people and no more. keep: where made photos lie."""
    people = PEOPLE_SHORT if short else PEOPLE
    with tempfile.TemporaryDirectory() as aside:
        made = keep or Path(aside) / "made"
        # A photo a person: what is tested is how many people are covered.
        readings = list(made_readings(made, people=people, views=("front",), step=step))
    if not short:
        seed = int(read_recipe("everyday").seed)
        readings += charted_readings(people=CHARTED, seed=seed, shots=1, plain=False, patch=False, step=step)
    for name, folder in data.items():
        if name not in (ROSACEA, WEB):
            readings += folder_readings(name, folder, most=REAL_PHOTOS, exposures=CHANGED, step=step)
    figures = [*figures_of(readings, limited=not short)]
    for name, folder in data.items():
        if any(one.source == name and one.condition in BY_CHART for one in readings):
            figures += charted_figures(name, list(charted_shots(folder)))
        if name == ROSACEA:
            figures += rosacea_figures(name, *read_redness(folder))
    if not short:
        figures += disguise_figures(list(disguise_readings(DISGUISED, step=step)))
    return Validation(figures=tuple(figures), foreign=tuple(_foreign(short, step)))


def fit_intervals(data: Mapping[str, Path], *, folder: Path = FOLDER, step: Step = lambda words: None) -> list[Path]:
    """Write the intervals and the table of repeatability anew.

    They rest on made people that `validate` never asks, with and without a chart, and on the real repeats given; those
    of the grades of dark spots and redness on marks painted on real clear skin, where both its folders are given.
    """
    colour = folder.parent / CHARTED_COLOUR.name
    examples = list(charted_examples(people=PEOPLE_FIT, seed=LINE_SEED, step=step))
    write_charted_colour(colour, fit_charted_colour(examples))
    read_charted_colour.cache_clear()
    made = [
        *charted_readings(people=PEOPLE_FIT, seed=FIT_SEED, step=step),
        *rig_readings(people=PEOPLE_FIT, seed=FIT_SEED, step=step),
        *pair_readings(people=PEOPLE_FIT, seed=FIT_SEED, step=step),
    ]
    repeats = {name: path for name, path in data.items() if name != WEB}
    real = [one for name, path in repeats.items() for one in folder_readings(name, path, most=REAL_PHOTOS, step=step)]
    table = folder.parent / REPEATABILITY.name
    write_repeatability(table, fitted_repeatabilities([*made, *real]))
    # Twice as many people for the belts by a chart, for no more photos.
    written = [*write_intervals(folder, [*made, *charted_by_others(examples)]), table, colour]
    if ADULTS in data and WEB in data:
        written += write_grade_intervals(folder, data[ADULTS], data[WEB], step=step)
    return written


def verdict_readings(
    data: Mapping[str, Path], *, people: int = VERDICT_PEOPLE, step: Step = lambda words: None
) -> tuple[list[Reading], dict[str, str]]:
    """Return readings of photos as they are and with changed exposure, and the tone of each shot.

    Made people, one photo each, by their true tone; real photos by that of the person's chart, or else as estimated.
    """
    with tempfile.TemporaryDirectory() as aside:
        made = made_readings(
            Path(aside) / "made",
            people=people,
            views=("front",),
            exposures_ev=EXPOSURES_EV,
            tasks=("skin_tone",),
            step=step,
        )
        readings = list(made)
    charts: dict[str, float] = {}
    for name, folder in data.items():
        real = list(
            folder_readings(
                name, folder, most=VERDICT_PHOTOS, exposures=VERDICT_PHOTOS, tasks=("skin_tone",), step=step
            )
        )
        charts |= {one.person: charted_ita(real) for one in real if one.condition in BY_CHART}
        readings += real
    return readings, tone_of(readings, charts)


def _foreign(short: bool, step: Step) -> Iterator[tuple[str, str, bool]]:
    for name, photo in out_of_scope():
        if short and name not in ("coins", "drawing"):
            continue
        step(name)
        found = reading_of(photo, source="out of scope", person=name, shot=name)
        said = ", ".join(found.problems) or "nothing said"
        yield name, f"{len(found.values)} numbers; {said}" if found.values else f"no numbers; {said}", not found.values


_HEAD = ("figure", "of", "value", "95 % interval", "limits", "aimed at", "photos", "people", "within limits, aim")


def validation_markdown(found: Validation) -> str:
    """Return the figures as tables in Markdown."""
    lines = [f"| {' | '.join(_HEAD)} |", "|---" * len(_HEAD) + "|"]
    lines += [f"| {' | '.join(_cells(one))} |" for one in found.figures]
    lines += ["", "| picture that is no face of a person | should give | gave |", "|---|---|---|"]
    lines += [
        f"| {name} | no numbers | {said}{'' if right else ' **(missed)**'} |" for name, said, right in found.foreign
    ]
    return "\n".join([*lines, "", repeatability_table(), "", f"dermis {__version__}."])


_HELD = {True: "yes", False: "MISSED"}
_REACHED = {True: "yes", False: "missed", None: ""}


def _cells(one: Figure) -> tuple[str, ...]:
    """Return a figure in words, as `_HEAD` has them."""
    limits = "" if one.limits is None else _HELD[one.held]
    said = ", ".join(words for words in (limits, _REACHED[one.reached]) if words)
    value = f"{one.value:.2f} {one.unit}".strip()
    ends = (_ends(pair) for pair in (one.interval, one.limits, one.aims))
    return one.name, one.of, value, *ends, str(one.photos), str(one.people), said


def _ends(pair: tuple[float, float] | None) -> str:
    return "" if pair is None else f"{pair[0]:.3g} to {pair[1]:.3g}"


def validation_page(found: Validation) -> str:
    """Return the figures as a page."""
    from dermis.report.page import rendered  # late: a tenth of a second

    content = {
        "held": found.held,
        "version": __version__,
        "head": [name.capitalize() for name in _HEAD],
        "figures": [_cells(one) for one in found.figures],
        "foreign_rows": [(name, said, _HELD[right]) for name, said, right in found.foreign],
        "repeat_rows": repeatability_rows(),
    }
    return rendered("validation.html", content)


def validation_json(found: Validation) -> str:
    """Return the figures as JSON."""
    told = {
        "schema": "dermis.validation/1",
        "dermis": __version__,
        "held": found.held,
        "figures": [{**asdict(one), "held": one.held, "reached": one.reached} for one in found.figures],
        "out_of_scope": [{"picture": name, "said": said, "right": right} for name, said, right in found.foreign],
    }
    return json.dumps(told, indent=1)
