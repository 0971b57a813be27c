"""How far the tone of a flash pair is off, on made pairs of every tone: the table `flash-pairs` of the docs.

`python -m dermis.lab.evaluate.flash_pairs SEED N FILE` makes the pairs one by one and keeps their errors in a file,
from which a stopped run goes on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dermis.colour.tone import ita_class, ita_deg
from dermis.core import Analysis
from dermis.errors import InputError
from dermis.formats.device_json import write_profile
from dermis.lab.synth.camera.flash_pair import MadePair, draw_chart_pair, draw_device, draw_flash_pair
from dermis.lab.synth.subjects import SubjectPopulation, build_person, draw_subject, visit_of
from dermis.metrics.bootstrap import bootstrap
from dermis.pipeline.analyse import analyse
from dermis.pipeline.light.calibration import calibrate_flash
from dermis.pipeline.options import AnalyseOptions
from dermis.pipeline.reference import ChartCorners
from dermis.tasks import choose

__all__ = ["METHODS", "judge_pair", "print_table", "run"]

Row = dict[str, Any]

METHODS = ("pupils known", "eyes as of most adults", "not calibrated", "flash frame alone")
_LOWEST, _HIGHEST = -60.0, 65.0


def judge_pair(seed: int, number: int, folder: Path) -> Row:
    """Calibrate a drawn phone, photograph a drawn person with it, and return the ITA by each method."""
    rng = np.random.default_rng([seed, number])
    device = draw_device(rng, automatic=number % 5 == 4)
    ambient, flash, corners = draw_chart_pair(rng, device)
    profile = calibrate_flash(ambient, flash, ChartCorners(corners_px=tuple(corners.ravel().tolist())))
    path = write_profile(profile, folder / "profile.json")
    wanted = _LOWEST + (_HIGHEST - _LOWEST) * ((number * 0.618) % 1)
    subject = draw_subject(int(rng.integers(2**31)), SubjectPopulation(lowest_ita_deg=wanted, highest_ita_deg=wanted))
    person = build_person(subject, texels=256)
    pair = draw_flash_pair(rng, device, person, visit_of(person, "W00"))
    true = float(ita_deg(np.nanmedian(pair.lab[pair.face], axis=0)))
    row: Row = {"number": number, "true": true, "automatic": device.automatic, "refused": "", "ita": {}}
    options = {
        METHODS[0]: AnalyseOptions(device=path, pupils_mm=float(np.clip(pair.pupils_mm, 45, 80))),
        METHODS[1]: AnalyseOptions(device=path),
        METHODS[2]: AnalyseOptions(),
    }
    for name, asked in options.items():
        try:
            found = _tone(pair, asked)
        except InputError as error:
            row["refused"] = error.message
            return row
        if found is not None:
            row["ita"][name] = found
    alone = _value(analyse(pair.flash, tasks=choose("skin_tone")))
    if alone is not None:
        row["ita"][METHODS[3]] = alone
    return row


def _tone(pair: MadePair, options: AnalyseOptions) -> float | None:
    return _value(analyse(pair.flash, options, tasks=choose("skin_tone"), ambient=pair.ambient))


def _value(analysis: Analysis) -> float | None:
    return analysis["skin_tone"].value if analysis.findings else None


def run(seed: int, count: int, file: Path) -> list[Row]:
    """Judge pairs and keep each as a line of `file`; those that are there are not made again."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
    with file.open("a", encoding="utf-8") as held:
        for number in range(len(rows), count):
            rows.append(judge_pair(seed, number, file.parent))
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


if __name__ == "__main__":
    print(print_table(run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
