"""How the tissue model does: the tables `tissue`, on measured skin, and `tissue-emulator`, on fresh Monte Carlo.

Measured are the reflectances of the folder `spectra`: 3905 of bare skin and 26 of Vrhel, Gershon and Iwan (1994).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour import ita_deg
from dermis.lab.monte_carlo import layers as layers_of
from dermis.lab.monte_carlo import simulate
from dermis.optics.camera_inverse import UNKNOWNS, from_rgb
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import lab_under, xyz_weights
from dermis.optics.inverse import FREE, from_spectrum
from dermis.optics.tissue import PARAMETERS, RANGES, Range, Tissue

__all__ = ["emulator_table", "tissue_table"]

_Floats = NDArray[np.float64]
_DRAWS = 20_000
_DARK, _DARK_BAND = 0.12, 15
"""Dark skin reflects less than this at 550 nm."""
_LEAN = (
    "melanosome_fraction", "blood_fraction", "oxygen_saturation", "scattering_per_cm", "mie_power", "baseline_scale",
    "vessel_radius_um", "specular_share",
)  # fmt: skip
_TO_SRGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


def tissue_table(folder: Path, *, draws: int = _DRAWS) -> str:
    """Return the tables of docs/concepts/tissue.md, from the measured reflectances in `folder`.

    draws: subjects of the model beside the measured ones; a tenth of them say what a spectrum and a colour tell.
    """
    with np.load(folder / "skin_reflectance_400_700_10nm.npz") as held:
        bands, bare = held["wavelengths_nm"].astype(float), held["bare_skin"].astype(float)
    vrhel = np.genfromtxt(folder / "vrhel_skin_reflectance.csv", delimiter=",", skip_header=1)[:, 1:]
    sets = {"bare_skin": bare, "Vrhel": vrhel}
    parts = (
        _fits(sets, bands),
        _bands_left_out(bare, vrhel, bands),
        _parameters(np.concatenate([bare, vrhel]), bands),
        _coverage(sets, bare, bands, draws),
        _tones(bands, draws),
        _information(bands, draws // 10),
    )
    return "\n\n".join("\n".join(part) for part in parts)


def _header(*names: str) -> list[str]:
    return [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]


def _distances(measured: _Floats, fitted: _Floats) -> str:
    rmse = np.sqrt(np.mean((measured - fitted) ** 2, axis=-1))
    norms = np.linalg.norm(measured, axis=-1) * np.linalg.norm(fitted, axis=-1)
    angle = np.arccos(np.clip((measured * fitted).sum(axis=-1) / norms, -1.0, 1.0))
    figures = (np.median(rmse), np.percentile(rmse, 95), np.median(angle), np.percentile(angle, 95))
    return " | ".join(f"{figure:.4f}" for figure in figures)


_DISTANCES = ("RMSE median", "RMSE 95 %", "SAM median, rad", "SAM 95 %, rad")


def _fits(sets: Mapping[str, _Floats], bands: _Floats) -> Iterator[str]:
    yield f"### Fitted on all bands ({len(FREE)} free parameters)\n"
    yield from _header("spectra", "n", *_DISTANCES)
    for name, measured in sets.items():
        dark = measured[measured[:, _DARK_BAND] < _DARK]
        for words, held in ((name, measured), (f"{name}, reflectance at 550 nm below {_DARK}", dark)):
            if len(held) > 2:
                yield f"| {words} | {len(held)} | {_distances(held, from_spectrum(held, bands).fitted)} |"


def _bands_left_out(bare: _Floats, vrhel: _Floats, bands: _Floats) -> Iterator[str]:
    order = np.random.default_rng(0).permutation(len(bare))
    taught, judged = bare[order[::2]], bare[order[1::2]]
    on, off = slice(0, None, 2), slice(1, None, 2)
    yield "### Fitted on every second band (16), judged on the other 15\n"
    yield from _header("method", "parameters", "spectra", "n", *_DISTANCES)
    for free in (FREE, _LEAN):
        for name, measured in (("bare_skin, second half", judged), ("Vrhel", vrhel)):
            found = from_spectrum(measured[:, on], bands[on], free=free)
            told = reflectance(found.tissue, bands[off], specular_share=found.specular_share)
            by_axes = _principal(taught, measured, on, off, len(free))
            for method, said in (("tissue model", told), ("PCA of bare_skin, first half", by_axes)):
                line = _distances(measured[:, off], said)
                yield f"| {method} | {len(free)} | {name} | {len(measured)} | {line} |"


def _principal(taught: _Floats, measured: _Floats, on: slice, off: slice, count: int) -> _Floats:
    """Return the bands `off` from `on` by `count` components, scores at their prior spread (best for PCA)."""
    mean = taught.mean(axis=0)
    _, spread, axes = np.linalg.svd(taught - mean, full_matrices=False)
    variance = spread[:count] ** 2 / len(taught)
    left = max(float((spread[count:] ** 2).sum() / len(taught) / taught.shape[1]), 1e-9)
    seen, unseen = axes[:count, on], axes[:count, off]
    inner = seen @ seen.T / left + np.diag(1.0 / variance)
    scores = np.linalg.solve(inner, seen @ (measured[:, on] - mean[on]).T / left).T
    told: _Floats = mean[off] + scores @ unseen
    return told


def _parameters(measured: _Floats, bands: _Floats) -> Iterator[str]:
    found = from_spectrum(measured, bands)
    yield "### Parameters found (bare_skin and Vrhel) and their ranges\n"
    yield from _header("parameter", "1 %", "median", "99 %", "range", "information, bits (median)", "identifiable")
    for name in FREE:
        values = np.asarray(getattr(found.tissue, name, found.specular_share), np.float64)
        low, middle, high = np.percentile(values, [1, 50, 99])
        span, bits = UNKNOWNS[name], np.median(found.information_bits[name])
        ends = f"{span.low:g} to {span.high:g} {span.unit if span.unit != '1' else ''}".strip()
        share = 100 * found.identifiable[name].mean()
        yield f"| {name} | {low:.3g} | {middle:.3g} | {high:.3g} | {ends} | {bits:.2f} | {share:.0f} % |"


def _coverage(sets: Mapping[str, _Floats], reference: _Floats, bands: _Floats, draws: int) -> Iterator[str]:
    """Compare draws with measured spectra in the first six principal components of `reference`."""
    from scipy.spatial import cKDTree  # late

    rng = np.random.default_rng(1)
    drawn = reflectance(draw(draws, 0), bands, specular_share=rng.uniform(size=draws))
    mean = reference.mean(axis=0)
    axes = np.linalg.svd(reference - mean, full_matrices=False)[2][:6]
    cloud = (drawn - mean) @ axes.T
    centre, inverse = cloud.mean(axis=0), np.linalg.inv(np.cov(cloud.T))

    def squared(scores: _Floats) -> _Floats:
        return np.asarray(np.einsum("ni,ij,nj->n", scores - centre, inverse, scores - centre))

    limit, tree = np.percentile(squared(cloud), 99), cKDTree(cloud)
    yield f"### {draws} drawn subjects beside measured spectra, first six principal components\n"
    yield from _header(
        "measured", "inside the ellipsoid of 99 % of draws", "inside the range of draws, by component",
        "inside their central 99 %, by component", "distance to the nearest draw, RMS a band (median, 95 %)",
    )  # fmt: skip
    for name, measured in sets.items():
        scores = (measured - mean) @ axes.T
        ends = (cloud.min(axis=0), cloud.max(axis=0)), np.percentile(cloud, [0.5, 99.5], axis=0)
        shares = [
            " ".join(f"{100 * share:.0f}" for share in ((scores >= low) & (scores <= high)).mean(axis=0))
            for low, high in ends
        ]
        near = np.percentile(tree.query(scores)[0] / np.sqrt(measured.shape[1]), [50, 95])
        inside = 100 * np.mean(squared(scores) <= limit)
        yield f"| {name} | {inside:.1f} % | {shares[0]} | {shares[1]} | {near[0]:.4f}, {near[1]:.4f} |"


def _tones(bands: _Floats, draws: int) -> Iterator[str]:
    tones = ita_deg(lab_under(reflectance(draw(draws, 0), bands, specular_share=0.0), bands))
    marks = (0, 0.5, 5, 25, 50, 75, 95, 99.5, 100)
    yield "### ITA of drawn subjects, degrees\n"
    yield from _header(*(f"{mark:g} %" for mark in marks))
    yield "| " + " | ".join(f"{value:.0f}" for value in np.percentile(tones, marks)) + " |"


def _information(bands: _Floats, draws: int) -> Iterator[str]:
    seen = reflectance(draw(draws, 2), bands, specular_share=0.0)
    response = xyz_weights(bands) @ _TO_SRGB.T
    beside = tuple(name for name in PARAMETERS if name not in ("melanosome_fraction", "blood_fraction"))
    colour = from_rgb(seen @ response, response, bands, beside=beside)
    unlit = from_rgb(seen @ response, response, bands, beside=beside, shading_spread=0.2)
    spectrum = from_spectrum(seen, bands, free=PARAMETERS, specular_share=0.0)
    yield f"### Information beyond the prior, bits (median of {draws} drawn subjects, everything unknown)\n"
    yield from _header("parameter", "spectrum 400-700 nm, 1.2 % noise", "sRGB, 1 % noise", "sRGB, light known to 20 %")
    for name in PARAMETERS:
        told = (np.median(found.information_bits[name]) for found in (spectrum, colour, unlit))
        yield f"| {name} | {' | '.join(f'{value:.2f}' for value in told)} |"


def emulator_table(points: int = 200, photons: int = 100_000, seed: int = 99) -> str:
    """Return how far `reflectance` is from fresh Monte Carlo, at tissues drawn evenly over all of RANGES."""
    rng = np.random.default_rng(seed)
    fast, reference, error, specular = np.array([_beside(rng, photons) for _ in range(points)]).T
    lines = _header("quantity", "points", "RMS of relative difference", "of that, Monte Carlo noise", "95th percentile")
    for name, seen, least in (
        ("reflectance, specular included", reference, 0.0),
        ("diffuse only, above 0.02", reference - specular, 0.02),
    ):
        kept = seen > least
        off, noise = ((fast - reference) / seen)[kept], (error / seen)[kept]
        figures = np.sqrt(np.mean(off**2)), np.sqrt(np.mean(noise**2)), np.percentile(np.abs(off), 95)
        lines.append(f"| {name} | {kept.sum()} | " + " | ".join(f"{100 * figure:.2f} %" for figure in figures) + " |")
    rms, bias = np.sqrt(np.mean((fast - reference) ** 2)), np.mean(fast - reference)
    return "\n".join([*lines, "", f"{photons} photons each. Absolute: RMS {rms:.5f}, bias {bias:+.5f}."])


def _beside(rng: np.random.Generator, photons: int) -> tuple[float, float, float, float]:
    """Return fast and reference reflectance, the latter's standard error, and the specular part."""
    tissue = Tissue(**{name: _evenly(span, rng.random()) for name, span in RANGES.items()})
    wavelength_nm = rng.uniform(400.0, 1000.0)
    flux = simulate(layers_of(tissue, wavelength_nm), photons=photons, seed=int(rng.integers(2**31)))
    fast = float(reflectance(tissue, [wavelength_nm])[0])
    return fast, flux.reflectance, flux.diffuse_error, flux.specular


def _evenly(span: Range, share: float) -> float:
    if span.logarithmic:
        return float(span.low * (span.high / span.low) ** share)
    return span.low + share * (span.high - span.low)
