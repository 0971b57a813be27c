"""How the tissue model does on measured skin: the tables of docs/concepts/tissue.md.

    python benchmarks/optics_fit.py DATA/spectra

DATA/spectra holds `skin_reflectance_400_700_10nm.npz` and `vrhel_skin_reflectance.csv`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dermis.colour import ita_deg
from dermis.optics.camera_inverse import UNKNOWNS, from_rgb
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import lab_under, xyz_weights
from dermis.optics.inverse import FREE, from_spectrum
from dermis.optics.tissue import PARAMETERS, Tissue

DRAWS = 20_000


def main(folder: Path) -> None:
    with np.load(folder / "skin_reflectance_400_700_10nm.npz") as held:
        bands, bare = held["wavelengths_nm"].astype(float), held["bare_skin"].astype(float)
    vrhel = np.genfromtxt(folder / "vrhel_skin_reflectance.csv", delimiter=",", skip_header=1)[:, 1:]
    print_fits({"bare_skin": bare, "Vrhel": vrhel}, bands)
    print_left_out(bare, vrhel, bands)
    print_parameters(bare, vrhel, bands)
    print_coverage({"bare_skin": bare, "Vrhel": vrhel}, bare, bands)
    print_tones(bands)
    print_information(bands)
    print_speed()


def spectral_angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    return np.arccos(np.clip((first * second).sum(axis=-1) / norms, -1.0, 1.0))


def distances(measured: np.ndarray, fitted: np.ndarray) -> str:
    rmse = np.sqrt(np.mean((measured - fitted) ** 2, axis=-1))
    angle = spectral_angles(measured, fitted)
    figures = (np.median(rmse), np.percentile(rmse, 95), np.median(angle), np.percentile(angle, 95))
    return " | ".join(f"{figure:.4f}" for figure in figures)


def print_fits(sets: dict[str, np.ndarray], bands: np.ndarray) -> None:
    print(f"### Fitted on all bands ({len(FREE)} free parameters)\n")
    print("| spectra | n | RMSE median | RMSE 95 % | SAM median, rad | SAM 95 %, rad |\n|---|---|---|---|---|---|")
    for name, measured in sets.items():
        print(f"| {name} | {len(measured)} | {distances(measured, from_spectrum(measured, bands).fitted)} |")
        dark = measured[measured[:, 15] < 0.12]
        if len(dark) > 2:
            line = distances(dark, from_spectrum(dark, bands).fitted)
            print(f"| {name}, reflectance at 550 nm below 0.12 | {len(dark)} | {line} |")


def print_left_out(bare: np.ndarray, vrhel: np.ndarray, bands: np.ndarray) -> None:
    order = np.random.default_rng(0).permutation(len(bare))
    train, test = bare[order[::2]], bare[order[1::2]]
    on, off = slice(0, None, 2), slice(1, None, 2)
    print("\n### Fitted on every second band (16), judged on the other 15\n")
    print("| method | parameters | spectra | n | RMSE median | RMSE 95 % | SAM median, rad | SAM 95 %, rad |")
    print("|---|---|---|---|---|---|---|---|")
    lean = ("melanosome_fraction", "blood_fraction", "oxygen_saturation", "scattering_per_cm", "mie_power")
    for free in (FREE, (*lean, "baseline_scale", "vessel_radius_um", "specular_share")):
        for name, measured in (("bare_skin, second half", test), ("Vrhel", vrhel)):
            found = from_spectrum(measured[:, on], bands[on], free=free)
            foretold = reflectance(found.tissue, bands[off], specular_share=found.specular_share)
            line = distances(measured[:, off], foretold)
            print(f"| tissue model | {len(free)} | {name} | {len(measured)} | {line} |")
            line = distances(measured[:, off], principal(train, measured, on, off, len(free)))
            print(f"| PCA of bare_skin, first half | {len(free)} | {name} | {len(measured)} | {line} |")


def principal(train: np.ndarray, measured: np.ndarray, on: slice, off: slice, count: int) -> np.ndarray:
    """Foretell the bands `off` from `on` by `count` components, scores at their prior spread (best for PCA)."""
    mean = train.mean(axis=0)
    _, spread, axes = np.linalg.svd(train - mean, full_matrices=False)
    variance = spread[:count] ** 2 / len(train)
    left = max(float((spread[count:] ** 2).sum() / len(train) / train.shape[1]), 1e-9)
    seen, unseen = axes[:count, on], axes[:count, off]
    inner = seen @ seen.T / left + np.diag(1.0 / variance)
    scores = np.linalg.solve(inner, seen @ (measured[:, on] - mean[on]).T / left).T
    return mean[off] + scores @ unseen


def print_parameters(bare: np.ndarray, vrhel: np.ndarray, bands: np.ndarray) -> None:
    found = from_spectrum(np.concatenate([bare, vrhel]), bands)
    print("\n### Parameters found (bare_skin and Vrhel) and their ranges\n")
    print("| parameter | 1 % | median | 99 % | range | information, bits (median) | identifiable |")
    print("|---|---|---|---|---|---|---|")
    for name in FREE:
        values = getattr(found.tissue, name, found.specular_share)
        low, middle, high = np.percentile(values, [1, 50, 99])
        span, bits = UNKNOWNS[name], np.median(found.information_bits[name])
        share = found.identifiable[name].mean()
        assert np.all((values > span.low) & (values < span.high))
        print(
            f"| {name} | {low:.3g} | {middle:.3g} | {high:.3g} | {span.low:g} to {span.high:g} {span.unit} "
            f"| {bits:.2f} | {100 * share:.0f} % |"
        )


def print_coverage(sets: dict[str, np.ndarray], reference: np.ndarray, bands: np.ndarray) -> None:
    """Compare draws with measured spectra in the first six principal components of `reference`."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(1)
    drawn = reflectance(draw(DRAWS, 0), bands, specular_share=rng.uniform(size=DRAWS))
    mean = reference.mean(axis=0)
    axes = np.linalg.svd(reference - mean, full_matrices=False)[2][:6]
    cloud = (drawn - mean) @ axes.T
    centre, inverse = cloud.mean(axis=0), np.linalg.inv(np.cov(cloud.T))

    def squared(scores: np.ndarray) -> np.ndarray:
        return np.einsum("ni,ij,nj->n", scores - centre, inverse, scores - centre)

    limit, tree = np.percentile(squared(cloud), 99), cKDTree(cloud)
    print(f"\n### {DRAWS} drawn subjects beside measured spectra, first six principal components\n")
    print(
        "| measured | inside the ellipsoid of 99 % of draws | inside the range of draws, by component "
        "| inside their central 99 %, by component | distance to the nearest draw, RMS a band (median, 95 %) |"
    )
    print("|---|---|---|---|---|")
    for name, measured in sets.items():
        scores = (measured - mean) @ axes.T
        ends = (cloud.min(axis=0), cloud.max(axis=0)), np.percentile(cloud, [0.5, 99.5], axis=0)
        shares = [
            " ".join(f"{100 * share:.0f}" for share in ((scores >= low) & (scores <= high)).mean(axis=0))
            for low, high in ends
        ]
        near = np.percentile(tree.query(scores)[0] / np.sqrt(measured.shape[1]), [50, 95])
        inside = 100 * np.mean(squared(scores) <= limit)
        print(f"| {name} | {inside:.1f} % | {shares[0]} | {shares[1]} | {near[0]:.4f}, {near[1]:.4f} |")


def print_tones(bands: np.ndarray) -> None:
    tones = ita_deg(lab_under(reflectance(draw(DRAWS, 0), bands, specular_share=0.0), bands))
    marks = (0, 0.5, 5, 25, 50, 75, 95, 99.5, 100)
    print("\n### ITA of drawn subjects, degrees\n")
    print("| " + " | ".join(f"{mark:g} %" for mark in marks) + " |\n" + "|---" * len(marks) + "|")
    print("| " + " | ".join(f"{value:.0f}" for value in np.percentile(tones, marks)) + " |")


def print_information(bands: np.ndarray) -> None:
    people = draw(2000, 2)
    seen = reflectance(people, bands, specular_share=0.0)
    to_srgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    response = xyz_weights(bands) @ to_srgb.T
    beside = tuple(name for name in PARAMETERS if name not in ("melanosome_fraction", "blood_fraction"))
    colour = from_rgb(seen @ response, response, bands, beside=beside)
    unlit = from_rgb(seen @ response, response, bands, beside=beside, shading_spread=0.2)
    spectrum = from_spectrum(seen, bands, free=PARAMETERS, specular_share=0.0)
    print("\n### Information beyond the prior, bits (median of 2000 drawn subjects, everything unknown)\n")
    print("| parameter | spectrum 400-700 nm, 1.2 % noise | sRGB, 1 % noise | sRGB, light known to 20 % |")
    print("|---|---|---|---|")
    for name in PARAMETERS:
        line = " | ".join(f"{np.median(found.information_bits[name]):.2f}" for found in (spectrum, colour, unlit))
        print(f"| {name} | {line} |")


def print_speed() -> None:
    grid = np.linspace(400.0, 1000.0, 61)
    people = draw(100_000, 3)
    single = Tissue(**{name: getattr(people, name).astype(np.float32) for name in PARAMETERS})
    print("\n### Speed\n\n| what | rate |\n|---|---|")
    for name, tissue in (("float32", single), ("float64", people)):
        rate = 60 * 100_000 / seconds(lambda tissue=tissue: reflectance(tissue, grid))
        print(f"| forward, 61 bands 400-1000 nm, all parameters vary, {name} | {rate / 1e6:.1f} M spectra a minute |")
    bands = np.arange(400.0, 701.0, 10.0)
    seen = reflectance(draw(2000, 4), bands)
    rate = 2000 / seconds(lambda: from_spectrum(seen, bands))
    print(f"| from_spectrum, 31 bands | {rate:.0f} spectra a second |")
    response = xyz_weights(bands)
    pixels = np.tile(seen @ response, (100, 1))
    print(f"| from_rgb | {len(pixels) / seconds(lambda: from_rgb(pixels, response, bands)):.0f} pixels a second |")


def seconds(task: Callable[[], object]) -> float:
    """Return the shortest of five runs: what the machine can, not what else it was busy with."""
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        task()
        taken.append(time.perf_counter() - begun)
    return min(taken)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
