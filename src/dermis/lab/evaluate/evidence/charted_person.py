"""A real person with a chart under several lights: does the chart bring the cheeks to one colour, as they have one.

A folder whose `labels.csv` has `file`, `light_block` and `shot_in_block` (1 the dimmest).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.chart import chart_linear
from dermis.colour.chart_finder import find_chart
from dermis.colour.lab import linear_to_lab
from dermis.colour.tone import ita_deg
from dermis.core import Analysis, Encoding, Photo, Region
from dermis.errors import InputError
from dermis.face.crop import crop
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.evaluate.evidence.figures import Figure, figure_of
from dermis.pipeline.analyse import analyse, measure_skin
from dermis.pipeline.options import AS_IT_COMES
from dermis.tasks import choose

__all__ = ["ChartedShot", "charted_figures", "charted_person_table", "charted_shots"]

_Floats = NDArray[np.float64]

_CHEEKS = (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
_CLIPPED, _DARK = 0.95, 0.0012
OURS, AFFINE = "as analysed with the chart", "plain affine fit of the 24 patches"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartedShot:
    """One photo: its light, whether it is one of the brighter, and the cheeks' CIELAB by method; {} without a chart."""

    light: str
    bright: bool
    lab: Mapping[str, _Floats]


def charted_shots(folder: Path) -> Iterator[ChartedShot]:
    """Yield what the chart makes of the cheeks in each photo that shows one."""
    for row in read_table(folder / "labels.csv", needs=("file", "light_block", "shot_in_block")):
        if row["light_block"] and not any(part in row["file"] for part in ("_face", "_chart")):
            photo = read_photo(folder / row["file"])
            yield ChartedShot(light=row["light_block"], bright=row["shot_in_block"] != "1", lab=_cheeks(photo))


def _cheeks(photo: Photo) -> dict[str, _Floats]:
    try:
        said = analyse(photo, replace(AS_IT_COMES, reference="chart"), tasks=choose("skin_tone"))
    except InputError:
        return {}
    ours = [one.detail["lab"] for one in said.findings if one.region in _CHEEKS]
    plain = _by_affine(photo, said)
    return (
        {OURS: np.mean(np.array(ours, dtype=np.float64), axis=0), AFFINE: plain} if ours and plain is not None else {}
    )


def _by_affine(photo: Photo, said: Analysis) -> _Floats | None:
    """Return the median CIELAB of the same pixels after a least-squares affine fit of the patches in linear light."""
    chart = find_chart(photo.pixels, encoded=photo.encoding is Encoding.SRGB)
    if chart is None or said.face is None or said.skin is None:
        return None
    seen = chart.patches_linear
    used = (seen.max(axis=1) < _CLIPPED) & (seen.max(axis=1) > _DARK)
    line = np.linalg.lstsq(np.column_stack([seen, np.ones(len(seen))])[used], chart_linear()[used], rcond=None)[0]
    places = said.skin.measured & np.isin(said.skin.regions, [one.code for one in _CHEEKS])
    plain = measure_skin(crop(photo, said.face.frame), photo, said.face).linear[places]
    if not len(plain):
        return None
    middle = np.median(plain @ line[:3] + line[3], axis=0)
    return np.asarray(linear_to_lab(np.maximum(middle, 1e-4)), dtype=np.float64)


def _numbers(shots: Sequence[ChartedShot], method: str) -> tuple[_Floats, _Floats]:
    """Return ITA and L* (n,) of the brighter shots."""
    labs = np.array([one.lab[method] for one in shots if one.bright and one.lab])
    return np.asarray(ita_deg(labs), dtype=np.float64), labs[:, 0]


def charted_person_table(shots: Sequence[ChartedShot]) -> str:
    """Return mean and spread of the cheeks over the brighter shots, by method."""
    found = sum(bool(one.lab) for one in shots)
    lines = [
        "| cheeks, brighter shots | shots | ITA, mean | ITA, sd | L*, mean | L*, sd |",
        "|---|---|---|---|---|---|",
    ]
    for method in (OURS, AFFINE):
        ita, lightness = _numbers(shots, method)
        cells = [f"{value:.1f}" for value in (ita.mean(), ita.std(ddof=1))]
        cells += [f"{value:.2f}" for value in (lightness.mean(), lightness.std(ddof=1))]
        lines.append(f"| {method} | {len(ita)} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"The chart was found, unaided, in {found} of {len(shots)} photos."])


def charted_figures(source: str, shots: Sequence[ChartedShot]) -> Iterator[Figure]:
    """Yield in how many photos the chart was found, and how the cheeks spread over the brighter ones."""
    person = [source] * len(shots)
    found = np.array([float(bool(one.lab)) for one in shots])
    yield figure_of("chart found unaided", source, found, person, "share", "charts found")
    if sum(one.bright and bool(one.lab) for one in shots) > 2:
        (ita, lightness), (plain, _) = _numbers(shots, OURS), _numbers(shots, AFFINE)
        more = ita.std(ddof=1) - plain.std(ddof=1)
        told = (
            ("sd of the cheeks' ITA by the chart", "charted sd of ITA", ita.std(ddof=1)),
            ("sd of the cheeks' L* by the chart", "charted sd of L*", lightness.std(ddof=1)),
            ("sd of ITA less that of a plain affine fit", "charted sd against affine", more),
        )
        for name, kind, value in told:
            yield replace(figure_of(name, source, np.array([value]), [source], "", kind), photos=len(ita))
