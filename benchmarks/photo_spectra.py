"""How well photos tell spectra: the tables of docs/concepts/spectra.md.

    python benchmarks/photo_spectra.py DATA/spectra [TABLE...]

DATA/spectra holds `skin_reflectance_400_700_10nm.npz`, `vrhel_skin_reflectance.csv` and `camera_sensitivities.csv`.
Tables: known, covered, partly, unknown, infrared, speed; all but speed by default. Skin that is judged took no part in
what is judged: `bare_skin` is left out one kind of measurement at a time (see `spectra.skin_prior_fit`), Vrhel's skin
as a whole. Where a camera is unknown, its maker took no part in the population that unknown cameras are drawn from.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")

import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from dermis.colour.srgb import decode, encode
from dermis.core import Encoding, Origin, Photo
from dermis.lab.train.objectives.skin_prior import (
    ALL_NM,
    MEASURED_NM,
    cut_where_it_jumps,
    fit_prior,
    group_alike,
    read_measured,
)
from dermis.optics.camera import (
    Camera,
    CameraPopulation,
    find_camera,
    fit_population,
    read_cameras,
    response,
    white_raw,
)
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import Illuminant, find_illuminant
from dermis.optics.isp import render
from dermis.optics.populations import colour_matrix, draw, draw_isp
from dermis.spectra.estimator import fit_estimator, on_bands, spectra_of, terms_of
from dermis.spectra.methods import METHODS, Examples
from dermis.spectra.prior import CaptureModel, SkinPrior, draw_skin, read_prior, simulate_capture
from dermis.spectra.reconstruct import reconstruct_skin

LIGHTS = ("A", "D50", "D65", "LED-B3", "FL2", "FL11", "daylight 5600", "halogen 3000")
FEW_LIGHTS = ("A", "D65", "LED-B3", "FL11")  # for the tables that try every method
JUDGED = slice(2, None)  # 420-700 nm
LEFT_OUT = ("mean", "linear", "polynomial", "root_polynomial", "pca_ridge", "nearest", "physics")
SEED = 7


@dataclass(frozen=True, kw_only=True)
class Split:
    """What is judged, and what may be learnt from: `judged` maps a name to its spectra."""

    learnt: np.ndarray
    prior: SkinPrior
    judged: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class World:
    folder: Path
    splits: tuple[Split, ...]
    cameras: tuple[Camera, ...]

    @property
    def judged_cameras(self) -> tuple[Camera, ...]:
        further = (find_camera("Nikon D5100"), find_camera("Sigma SD Merrill"))
        return (*self.cameras[::4], *further)


def main(folder: Path, tables: list[str]) -> None:
    world = read_world(folder)
    table_of = {
        "known": print_known,
        "covered": print_covered,
        "partly": print_partly,
        "unknown": print_unknown,
        "infrared": print_infrared,
        "speed": print_speed,
    }
    for name in tables or [name for name in table_of if name != "speed"]:
        table_of[name](world)


def read_world(folder: Path) -> World:
    spectra, vrhel = read_measured(folder)
    runs = cut_where_it_jumps(spectra)
    kinds = group_alike(spectra, runs)
    splits = []
    for kind in range(kinds.max() + 1):
        others = [run for run, its in zip(runs, kinds, strict=True) if its != kind]
        mine = [run for run, its in zip(runs, kinds, strict=True) if its == kind]
        splits.append(
            Split(
                learnt=np.concatenate([spectra[run] for run in others]),
                prior=fit_prior(spectra, others, kinds[kinds != kind], vrhel),
                judged={f"bare_skin, kind {kind + 1}": np.concatenate([spectra[run] for run in mine])},
            )
        )
    dark = vrhel.mean(axis=1) < 0.1
    judged = {"Vrhel": vrhel[~dark], "Vrhel, mean under 0.1": vrhel[dark]}
    splits.append(Split(learnt=spectra, prior=fit_prior(spectra, runs, kinds), judged=judged))
    return World(folder=folder, splits=tuple(splits), cameras=read_cameras(folder / "camera_sensitivities.csv"))


def pairs(world: World, lights: tuple[str, ...] = LIGHTS) -> Iterator[tuple[Camera, Illuminant]]:
    for camera in world.judged_cameras:
        for name in lights:
            yield camera, find_illuminant(name)


def angles(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(true, axis=1)
    return np.arccos(np.clip((found * true).sum(axis=1) / norms, -1.0, 1.0))


def errors(found: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    found, true = found[:, JUDGED], true[:, JUDGED]
    return float(angles(found, true).mean()), float(np.sqrt(np.square(found - true).mean(axis=1)).mean())


def whole_numbers(pixels: np.ndarray, bits: int) -> np.ndarray:
    top = 2**bits - 1
    return (np.rint(np.clip(pixels, 0, 1) * top) / top).astype(np.float32)


def ours(
    prior: SkinPrior, sight: CaptureModel, cameras: CameraPopulation | None = None
) -> Callable[[np.ndarray], tuple]:
    level_known = sight.balanced or sight.encoding is Encoding.CAMERA_LINEAR
    estimator = fit_estimator(simulate_capture(prior, sight, cameras=cameras), ALL_NM, level_known=level_known)
    weights, half_width = on_bands(estimator, MEASURED_NM)

    def predict(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = terms_of(estimator, pixels)
        return spectra_of(found.terms, weights), found.scale[:, None] * half_width, found.known

    return predict


def print_known(world: World) -> None:
    """Camera and light known, 16-bit linear pixels: every method on every held-out kind of skin."""
    methods = (*LEFT_OUT, "ours")
    by_skin: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for camera, light in pairs(world, FEW_LIGHTS):
        seen_by = response(camera, light, MEASURED_NM)
        sight = CaptureModel(encoding=Encoding.CAMERA_LINEAR, camera=camera, light=light, bits=16)
        for split in world.splits:
            examples = Examples(
                inputs=(split.learnt @ seen_by).astype(np.float32),
                spectra=split.learnt.astype(np.float32),
                wavelengths_nm=MEASURED_NM,
                response=seen_by,
            )
            predict = {name: METHODS[name].fit(examples) for name in LEFT_OUT}
            mine = ours(split.prior, sight)
            predict["ours"] = lambda pixels, mine=mine: mine(pixels)[0]
            for name, true in split.judged.items():
                pixels = whole_numbers(true @ seen_by, 16)
                row = by_skin.setdefault(name, {})
                for method in methods:
                    row.setdefault(method, []).append(errors(predict[method](pixels), true))
    sizes = {name: len(true) for split in world.splits for name, true in split.judged.items()}
    count = len(world.judged_cameras) * len(FEW_LIGHTS)
    print(f"### Camera and light known: SAM / RMSE, mean of {count} pairs of camera and light\n")
    print("| skin left out | n | " + " | ".join(methods) + " | ours beats linear in |")
    print("|---|---|" + "---|" * (len(methods) + 1))
    means = []
    for name, row in by_skin.items():
        table = np.array([row[method] for method in methods])
        means.append(table.mean(axis=1))
        won = int((table[-1, :, 0] < table[methods.index("linear"), :, 0]).sum())
        cells = " | ".join(f"{sam:.4f} / {rmse:.4f}" for sam, rmse in means[-1])
        print(f"| {name} | {sizes[name]} | {cells} | {won} of {count} |")
    cells = " | ".join(f"**{sam:.4f} / {rmse:.4f}**" for sam, rmse in np.mean(means, axis=0))
    print(f"| **mean of the rows** | | {cells} | |\n")


def print_covered(world: World) -> None:
    """How often the 90 % intervals hold, camera and light known."""
    print("### Camera and light known: share of values in 420-700 nm within their 90 % interval\n")
    print("| skin left out | n | covered, mean | least of the pairs | most | half width, mean | colours known |")
    print("|---|---|---|---|---|---|---|")
    every = []
    for split in world.splits:
        for name, true in split.judged.items():
            rows = []
            for camera, light in pairs(world, FEW_LIGHTS):
                sight = CaptureModel(encoding=Encoding.CAMERA_LINEAR, camera=camera, light=light, bits=16)
                found, half, known = ours(split.prior, sight)(
                    whole_numbers(true @ response(camera, light, MEASURED_NM), 16)
                )
                held = (np.abs(found - true) <= half)[:, JUDGED].mean()
                rows.append((held, half[:, JUDGED].mean(), known.mean()))
            held, half, known = np.array(rows).T
            every.append(held.mean())
            print(
                f"| {name} | {len(true)} | {held.mean():.3f} | {held.min():.3f} | {held.max():.3f} "
                f"| {half.mean():.4f} | {known.mean():.3f} |"
            )
    print(f"| **mean of the rows** | | **{np.mean(every):.3f}** | | | | |\n")


def by_maker(world: World) -> list[tuple[list[Camera], list[Camera]]]:
    """Return twice the cameras of one half of the makers, to learn from, and those of the other, to judge by."""
    makers = sorted({camera.name.split()[0] for camera in world.cameras})
    halves = np.array_split(np.random.default_rng(SEED).permutation(makers), 2)
    parts = [[camera for camera in world.cameras if camera.name.split()[0] in set(half)] for half in halves]
    return [(parts[1], parts[0]), (parts[0], parts[1])]


def print_partly(world: World) -> None:
    """Linear pixels with camera or light unknown, and with a grey card."""
    learnt_from, judged_by = by_maker(world)[0]
    population, further = fit_population(learnt_from), judged_by[::4]
    print(f"### Linear pixels, not all known ({len(further)} cameras of makers that took no part)\n")
    print("| known | SAM | RMSE | covered |\n|---|---|---|---|")
    for words, has_camera, has_light, balanced in (
        ("camera and light", True, True, False),
        ("camera", True, False, False),
        ("light", False, True, False),
        ("neither", False, False, False),
        ("camera and a grey card", True, False, True),
        ("light and a grey card", False, True, True),
        ("a grey card", False, False, True),
    ):
        rows = []
        for split in world.splits[::4]:
            kept: dict[CaptureModel, Callable] = {}
            for camera in further:
                for name in LIGHTS[::2]:
                    light = find_illuminant(name)
                    sight = CaptureModel(
                        encoding=Encoding.CAMERA_LINEAR,
                        camera=camera if has_camera else None,
                        light=light if has_light else None,
                        balanced=balanced,
                        bits=16,
                    )
                    key = (camera.name if has_camera else "", name if has_light else "")
                    if key not in kept:
                        kept[key] = ours(split.prior, sight, population)
                    for true in split.judged.values():
                        seen_by = response(camera, light, MEASURED_NM)
                        pixels = whole_numbers(true @ seen_by, 16)
                        if balanced:
                            pixels = (pixels / white_raw(camera, light)).astype(np.float32)
                        found, half, _ = kept[key](pixels)
                        held = (np.abs(found - true) <= half)[:, JUDGED].mean()
                        rows.append((*errors(found, true), held))
        sam, rmse, held = np.mean(rows, axis=0)
        print(f"| {words} | {sam:.4f} | {rmse:.4f} | {held:.3f} |")
    print()


def plain(true: np.ndarray, camera: Camera, light: Illuminant, rng: np.random.Generator, error: float) -> np.ndarray:
    """Return linear sRGB of an 8-bit photo without a tone curve; error: of the balance, log red and blue."""
    balanced = true @ response(camera, light, MEASURED_NM) / white_raw(camera, light)
    balanced = balanced * np.exp(error * rng.standard_normal(3) * (1, 0, 1))
    linear = np.clip(balanced @ colour_matrix(camera, light).T, 0, 1)
    return decode(whole_numbers(encode(linear), 8).astype(float)).astype(np.float32)


def phone(true: np.ndarray, camera: Camera, light: Illuminant, rng: np.random.Generator, _: float) -> np.ndarray:
    """Return linear sRGB over its white, of a photo with the tone curve, tint and balance of a drawn camera."""
    development = replace(draw_isp(rng, camera, light), denoise=0.0, sharpen=0.0, chroma_px=0.0)
    white = white_raw(camera, light)
    raw = np.concatenate([true @ response(camera, light, MEASURED_NM), white[None]]) * rng.uniform(0.6, 1.0)
    shown = whole_numbers(render(raw[:, None].astype(np.float32), development)[:, 0], 8)
    linear = decode(shown.astype(float))
    return (linear[:-1] / linear[-1].max()).astype(np.float32)


def print_unknown(world: World) -> None:
    """Ordinary sRGB photos by cameras whose maker took no part, under the table's lights."""
    rng = np.random.default_rng(SEED)
    methods = ("mean", "linear", "root_polynomial", "ours")
    print("### Camera and light unknown, 8-bit sRGB: SAM by method; ours also RMSE and intervals\n")
    print("| development | skin | " + " | ".join(methods) + " | ours RMSE | covered | covered, level aside |")
    print("|---|---|" + "---|" * (len(methods) + 3))
    rows: dict[tuple[str, str], list] = {}
    for learnt_from, judged_by in by_maker(world):
        population = fit_population(learnt_from)
        for split in world.splits[::3]:
            seen = simulate_capture(split.prior, CaptureModel(encoding=Encoding.SRGB), cameras=population)
            mine = ours(split.prior, CaptureModel(encoding=Encoding.SRGB), population)
            examples = Examples(
                inputs=seen.pixels.astype(np.float32),
                spectra=seen.spectra[:, : len(MEASURED_NM)].astype(np.float32),
                wavelengths_nm=MEASURED_NM,
            )
            predict = {name: METHODS[name].fit(examples) for name in methods[:-1]}
            for at, camera in enumerate(judged_by):
                light = find_illuminant(LIGHTS[at % len(LIGHTS)])
                for words, develop, error in (
                    ("plain", plain, 0.0),
                    ("plain, balance off by 3 %", plain, 0.03),
                    ("as phones do", phone, 0.0),
                ):
                    for name, true in split.judged.items():
                        pixels = develop(true, camera, light, rng, error)
                        found, width, _ = mine(pixels)
                        scaled = found * (
                            (found * true).sum(axis=1, keepdims=True) / np.square(found).sum(axis=1, keepdims=True)
                        )
                        held = [(np.abs(one - true) <= width)[:, JUDGED].mean() for one in (found, scaled)]
                        sams = [errors(predict[method](pixels), true)[0] for method in methods[:-1]]
                        row = (*sams, *errors(found, true), *held)
                        rows.setdefault((words, name.split(",")[0] if "kind" in name else name), []).append(row)
    for (words, name), held in rows.items():
        *sams, rmse, covered, aside = np.mean(held, axis=0)
        cells = " | ".join(f"{sam:.4f}" for sam in sams)
        print(f"| {words} | {name} | {cells} | {rmse:.4f} | {covered:.3f} | {aside:.3f} |")
    print()


def print_infrared(world: World) -> None:
    """From RGB to 710-1000 nm, on drawn tissues: what a camera says of it beyond the mean spectrum."""
    rng = np.random.default_rng(SEED)
    beyond = ALL_NM > 700
    true = reflectance(draw(2000, SEED), ALL_NM, specular_share=rng.uniform(0, 1, 2000))
    learnt = reflectance(draw(4000, SEED + 1), ALL_NM, specular_share=rng.uniform(0, 1, 4000))
    print("### From RGB to 710-1000 nm, 2000 drawn tissues, Nikon D5100 under D65\n")
    print("| method | learnt from | SAM | RMSE | covered |\n|---|---|---|---|---|")
    camera, light = find_camera("Nikon D5100"), find_illuminant("D65")
    seen_by = response(camera, light, ALL_NM)
    pixels = whole_numbers(true @ seen_by, 16)
    examples = Examples(
        inputs=(learnt @ seen_by).astype(np.float32),
        spectra=learnt.astype(np.float32),
        wavelengths_nm=ALL_NM,
        response=seen_by,
    )
    prior_mean = np.average(read_prior().means, axis=0, weights=read_prior().weights)
    sight = CaptureModel(encoding=Encoding.CAMERA_LINEAR, camera=camera, light=light, bits=16)
    estimator = fit_estimator(simulate_capture(read_prior(), sight), ALL_NM)
    terms = terms_of(estimator, pixels)
    mine = spectra_of(terms.terms, estimator.weights)
    half = terms.scale[:, None] * estimator.half_width
    rows = {
        ("mean", "measured skin"): np.tile(np.exp(prior_mean), (len(true), 1)),
        ("ours", "measured skin"): mine,
        ("mean", "other drawn tissues"): METHODS["mean"].fit(examples)(pixels),
        ("linear", "other drawn tissues"): METHODS["linear"].fit(examples)(pixels),
        ("ours (method)", "other drawn tissues"): METHODS["ours"].fit(examples)(pixels),
    }
    for (name, learnt_from), found in rows.items():
        sam = angles(found[:, beyond], true[:, beyond]).mean()
        rmse = np.sqrt(np.square(found - true)[:, beyond].mean(axis=1)).mean()
        held = f"{(np.abs(mine - true) <= half)[:, beyond].mean():.3f}" if found is mine else ""
        print(f"| {name} | {learnt_from} | {sam:.4f} | {rmse:.4f} | {held} |")
    print()


@cache
def large_photo() -> Photo:
    spectra, _ = draw_skin(read_prior(), 200, np.random.default_rng(SEED))
    pixels = spectra @ response(find_camera("Nikon D5100"), find_illuminant("D65"), ALL_NM)
    rows = np.random.default_rng(SEED).integers(len(pixels), size=1024 * 1024)
    return Photo(
        pixels=pixels[rows].reshape(1024, 1024, 3).astype(np.float32),
        encoding=Encoding.CAMERA_LINEAR,
        origin=Origin(bits=16),
    )


def print_speed(world: World) -> None:
    """1024 x 1024 pixels to 61 bands: ours, then MST++ in PyTorch, in one run."""
    photo, mask = large_photo(), np.ones((1024, 1024), dtype=np.bool_)
    camera, light = find_camera("Nikon D5100"), find_illuminant("D65")
    ours_s = [timed(lambda: reconstruct_skin(photo, mask, camera=camera, light=light)) for _ in range(7)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print("### 1024 x 1024 to 61 bands, two processor cores\n")
    print("| method | seconds: median, least | processor seconds, median | peak memory, GB |\n|---|---|---|---|")
    print(f"| ours, with learning the estimator for camera and light | {said(ours_s)} | {peak:.2f} |")

    import torch

    from dermis.lab.networks.spectral import mst_plus_plus

    torch.set_num_threads(2)
    network = mst_plus_plus(3, 61).eval()
    # A sixteenth of the picture: the network's work grows with the pixels, its attention is between bands.
    piece = np.ascontiguousarray(photo.pixels[:256, :256].transpose(2, 0, 1))
    picture = torch.from_numpy(piece)[None]
    with torch.inference_mode():
        network(picture)
        network_s = [tuple(16 * np.array(timed(lambda: network(picture)))) for _ in range(3)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| MST++ in PyTorch, 32 bits, 16 times a piece of 256 x 256 | {said(network_s)} | {peak:.2f} |")
    times, works = (np.median(np.array(network_s), axis=0) / np.median(np.array(ours_s), axis=0))[:2]
    print(f"\nOurs takes a {times:.0f}th of the time and a {works:.0f}th of the work of the processor.\n")


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that passed and the seconds that the processor worked."""
    start, worked = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - worked


def said(seconds: list[tuple[float, float]]) -> str:
    passed, worked = np.array(seconds).T
    return f"{np.median(passed):.2f}, {passed.min():.2f} | {np.median(worked):.2f}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
