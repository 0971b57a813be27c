"""How far the tone of a flash pair is off, on made pairs of every tone: the table `flash-pairs` of the docs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dermis.colour.tone import ita_class, ita_deg
from dermis.core import CaptureCondition, Region, Skin
from dermis.errors import InputError
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.lab.synth.camera.flash_pair import draw_chart_pair, draw_device, draw_flash_pair
from dermis.lab.synth.subjects import SubjectPopulation, build_person, draw_subject, visit_of
from dermis.metrics.bootstrap import bootstrap
from dermis.pipeline.analyse import measure_skin
from dermis.pipeline.light.calibration import calibrate_flash
from dermis.pipeline.light.lighting import Lighting, with_pair
from dermis.pipeline.reference import ChartCorners
from dermis.tasks.tone import measure

__all__ = ["METHODS", "PAIRS", "SEED", "flash_table", "judge_pairs", "print_table"]

Row = dict[str, Any]

SEED, PAIRS = 5, 12
"""The pairs that judge: none was looked at while constants were chosen, on those of the seeds 1 and 3."""
METHODS = ("pupils known", "eyes as of most adults", "not calibrated", "flash frame alone")
_LOWEST, _HIGHEST = -60.0, 65.0


def _judged(seed: int, number: int) -> Row:
    """Calibrate a drawn phone, photograph a drawn person with it, and return the ITA by each method."""
    rng = np.random.default_rng([seed, number])
    device = draw_device(rng, automatic=number % 5 == 4)
    ambient, flash, corners = draw_chart_pair(rng, device)
    profile = calibrate_flash(ambient, flash, ChartCorners(corners_px=tuple(corners.ravel().tolist())))
    wanted = _LOWEST + (_HIGHEST - _LOWEST) * ((number * 0.618) % 1)
    subject = draw_subject(int(rng.integers(2**31)), SubjectPopulation(lowest_ita_deg=wanted, highest_ita_deg=wanted))
    person = build_person(subject, texels=256)
    pair = draw_flash_pair(rng, device, person, visit_of(person, "W00"))
    true = float(ita_deg(np.nanmedian(pair.lab[pair.face], axis=0)))
    row: Row = {"number": number, "true": true, "automatic": device.automatic, "refused": "", "ita": {}}
    face = find_face(pair.flash)
    if face is None:
        return {**row, "refused": "No face was found."}
    encoded = crop(pair.flash, face.frame)
    pupils_mm = float(np.clip(pair.pupils_mm, 45, 80))
    asked = {METHODS[0]: (profile, pupils_mm), METHODS[1]: (profile, None), METHODS[2]: (None, None)}
    try:
        for name, (known, apart_mm) in asked.items():
            lighting = Lighting(kind=CaptureCondition.FLASH_PAIR, profile=known)
            lit = with_pair(lighting, pair.ambient, pair.flash, face, apart_mm)
            row["ita"][name] = _tone(measure_skin(encoded, pair.flash, face, lit))
    except InputError as error:
        return {**row, "refused": error.message, "ita": {}}
    row["ita"][METHODS[3]] = _tone(measure_skin(encoded, pair.flash, face))
    return row


def _tone(skin: Skin) -> float:
    return next(one.value for one in measure(skin) if one.region is Region.FACE and one.value is not None)


def flash_table(runs: Path) -> str:
    """Return the table; what a stopped run has judged is kept in the folder of runs."""
    runs.mkdir(parents=True, exist_ok=True)
    return print_table(judge_pairs(SEED, PAIRS, runs / f"flash-pairs-{SEED}.jsonl"))


def judge_pairs(seed: int, count: int, file: Path) -> list[Row]:
    """Judge pairs and keep each as a line of `file`; those that are there are not made again."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
    with file.open("a", encoding="utf-8") as held:
        for number in range(len(rows), count):
            rows.append(_judged(seed, number))
            held.write(json.dumps(rows[-1]) + "\n")
            held.flush()
    return rows


def print_table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown: share within 5 degrees with its interval over people, by method and tone."""
    lines = ["| method | white balance | tones | pairs | within 5 degrees | 90 % of errors within | mean error |"]
    lines.append("|---|---|---|---|---|---|---|")
    fixed = [row for row in rows if not row["automatic"] and not row["refused"]]
    automatic = [row for row in rows if row["automatic"] and not row["refused"]]
    for method in METHODS:
        lines.append(_line(method, "fixed", "all", fixed))
        if method == METHODS[0]:
            dark = [row for row in fixed if ita_class(row["true"]) in ("dark", "brown")]
            light = [row for row in fixed if ita_class(row["true"]) not in ("dark", "brown")]
            lines += [_line(method, "fixed", "dark, brown", dark), _line(method, "fixed", "tan and lighter", light)]
            lines.append(_line(method, "automatic", "all", automatic))
    refused = sum(bool(row["refused"]) for row in rows)
    return "\n".join([*lines, "", f"{len(rows)} pairs were made; {refused} were refused."])


def _line(method: str, balance: str, tones: str, rows: Sequence[Mapping[str, Any]]) -> str:
    errors = np.array([row["ita"][method] - row["true"] for row in rows if method in row["ita"]])
    if len(errors) < 3:
        return f"| {method} | {balance} | {tones} | {len(errors)} | | | |"
    within = np.abs(errors) <= 5
    share = bootstrap(lambda places: float(within[places].mean()), np.arange(len(errors)))
    cells = (
        f"{100 * share.value:.0f} % [{100 * share.low:.0f}, {100 * share.high:.0f}]",
        f"{np.percentile(np.abs(errors), 90):.1f}",
        f"{errors.mean():+.1f}",
    )
    return f"| {method} | {balance} | {tones} | {len(errors)} | {' | '.join(cells)} |"
