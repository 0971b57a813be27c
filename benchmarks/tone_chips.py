"""What is behind the tables of docs/concepts/skin-colour.md on chips: numbers alone, their floor, the ablation.

    python benchmarks/tone_chips.py simulate WORK                     random cameras and lights, no pictures (minutes)
    python benchmarks/tone_chips.py floor    WORK                     what can be known at all, by what is in view
    python benchmarks/tone_chips.py numbers  WORK --data CHIPS        perceptrons on the stand-in's features
    python benchmarks/tone_chips.py ablation RUNS --data CHIPS        table of a sweep's runs, by fusion and features

CHIPS is what `dermis synth tone-chips` wrote; RUNS the folder of `dermis sweep colour-ablation.toml --data CHIPS`. A
perceptron of two layers sees Lab of chip, paper, print and table and the exposure data, never the picture.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from dermis.colour.difference import delta_e_00
from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import decode as decode_srgb
from dermis.core import Encoding, Photo
from dermis.lab.datasets import find_dataset
from dermis.lab.evaluate.predict import predict
from dermis.lab.synth.layouts.tone_chips import INK, PAPER, chip_spectra, draw_table
from dermis.lab.synth.recipe import read_recipe as read_set
from dermis.lab.synth.skin.colour import COLOUR_NM
from dermis.lab.train.cache import decode
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.lab.train.run import find_run
from dermis.metrics.bootstrap import bootstrap
from dermis.models.capture_features import capture_features
from dermis.optics.camera import draw_camera, response
from dermis.optics.illuminant import lab_under
from dermis.optics.isp import capture_for, render
from dermis.optics.populations import draw_illuminant, draw_isp

TAUGHT = ("window", "overcast", "shade", "led", "flash")
UNSEEN = ("sun", "tungsten", "halogen", "fluorescent")
PER_SET = 6
COLUMNS = {
    "chip": range(3),
    "paper": range(3, 6),
    "print": range(6, 9),
    "table": range(9, 12),
    "exposure": range(12, 26),
}
TONE = ("tone_lightness", "tone_a", "tone_b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """seen: (n, 26) in the order of `COLUMNS`. lab: (n, 3) of the chip under D65."""

    seen: np.ndarray
    lab: np.ndarray


def simulated(seed: int, sets: int, kinds: Sequence[str], *, noise: float) -> Rows:
    """Return chips as random cameras under random lights show them; noise: of sRGB values, 0 for none."""
    rng = np.random.default_rng(seed)
    spectra = chip_spectra(replace(read_set("tone-chips"), seed=seed + 9000, tones=240, test_tones=2), "focus")
    lab = lab_under(spectra, COLOUR_NM)
    flat = np.ones(len(COLOUR_NM))
    seen, right = [], []
    for _ in range(sets):
        camera, light = draw_camera(rng), draw_illuminant(rng, str(rng.choice(list(kinds))))
        by_nm = response(camera, light, COLOUR_NM)
        beside = np.stack([PAPER * flat, INK * flat, draw_table(rng)]) @ by_nm
        first = draw_isp(rng, camera, light, binning=8, metered_reflectance=0.2)
        for _ in range(PER_SET):
            tone = int(rng.integers(len(spectra)))
            raw = np.concatenate([(spectra[tone] @ by_nm)[None], beside])[None]
            seen.append(as_photographed(rng, raw, first, noise))
            right.append(lab[tone])
    return Rows(seen=np.array(seen), lab=np.array(right))


def as_photographed(rng: np.random.Generator, raw: np.ndarray, first: object, noise: float) -> np.ndarray:
    """Return the features of one photo: it is metered on what it shows, and its white balance slips a little."""
    metered = 0.35 * (0.18 + raw[0, 1].mean()) * 2 ** rng.normal(0, 0.12) / 0.2
    balance = first.white_balance * np.exp(rng.normal(0, 0.012, 3))
    development = replace(first, white_balance=balance / balance.min(), exposure=first.exposure / metered,
                          exposure_s=first.exposure_s / metered, denoise=0, sharpen=0, chroma_px=0)  # fmt: skip
    shown = render(np.minimum(raw * development.exposure, 1).astype(np.float32), development)[0]
    shown = np.clip(shown + rng.normal(0, noise, shown.shape), 0, 1).astype(np.float32)
    photo = Photo(pixels=np.zeros((1, 1, 3), np.float32), encoding=Encoding.SRGB, capture=capture_for(development))
    return np.concatenate(
        [np.asarray(linear_to_lab(decode_srgb(shown))).ravel(), capture_features(photo, ("exposure",))]
    )


def taught(rows: Rows, columns: Sequence[int], *, seed: int = 0, epochs: int = 40, jitter: float = 0.02) -> Callable:
    """Return what answers Lab from features: it learns what to add to the chip's own Lab."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    columns = list(columns)
    mean, std = np.nanmean(rows.seen[:, columns], axis=0), np.nanstd(rows.seen[:, columns], axis=0) + 1e-6

    def shown(seen: np.ndarray) -> torch.Tensor:
        return torch.tensor(np.nan_to_num((seen[:, columns] - mean) / std).clip(-4, 4), dtype=torch.float32)

    added = rows.lab - rows.seen[:, :3]
    middle, spread = added.mean(axis=0), added.std(axis=0)
    wanted, scale = torch.tensor(added - middle, dtype=torch.float32), torch.tensor(spread, dtype=torch.float32)
    network = torch.nn.Sequential(
        torch.nn.Linear(len(columns), 96), torch.nn.GELU(), torch.nn.Linear(96, 96), torch.nn.GELU(),
        torch.nn.Linear(96, 3),
    )  # fmt: skip
    inputs, steps = shown(rows.seen), epochs * len(added) // 128
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, steps)
    for _ in range(steps):
        at = rng.integers(0, len(added), 128)
        said = network(inputs[at] + jitter * torch.randn(128, len(columns))) * scale
        loss = torch.nn.functional.smooth_l1_loss(said, wanted[at])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()

    @torch.no_grad()
    def answer(seen: np.ndarray) -> np.ndarray:
        return network(shown(seen)).numpy() * spread + middle + seen[:, :3]

    return answer


def simulate(work: Path, sets: int) -> None:
    parts = {"taught": (1, sets, TAUGHT), "same_kinds": (2, sets // 5, TAUGHT), "other_kinds": (3, sets // 5, UNSEEN)}
    for noise, name in ((0.0, "exact"), (0.0015, "noisy")):
        held = {}
        for part, (seed, count, kinds) in parts.items():
            rows = simulated(seed, count, kinds, noise=noise)
            held |= {f"{part}_seen": rows.seen, f"{part}_lab": rows.lab}
        np.savez(work / f"chips-{name}.npz", **held)
        print(name, {key: len(value) for key, value in held.items()}, flush=True)


def kept(work: Path, name: str, part: str) -> Rows:
    with np.load(work / f"chips-{name}.npz") as held:
        return Rows(seen=held[f"{part}_seen"], lab=held[f"{part}_lab"])


def floor(work: Path) -> None:
    known: list[int] = []
    for name in ("chip", "exposure", "paper", "print", "table"):
        known += COLUMNS[name]
        answer = taught(kept(work, "exact", "taught"), known, epochs=25)
        off = {}
        for part in ("other_kinds", "same_kinds"):
            rows = kept(work, "exact", part)
            said = answer(rows.seen)
            off[part] = (differences(said, rows.lab).mean(), np.abs(said - rows.lab).mean(axis=0).round(2).tolist())
        print(f"and {name}: other lights {off['other_kinds'][0]:.2f} {off['other_kinds'][1]},",
              f"the same kinds {off['same_kinds'][0]:.2f}", flush=True)  # fmt: skip


def differences(said: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.asarray(delta_e_00(said.astype(float), right.astype(float)))


def numbers(work: Path, data: Path) -> None:
    samples = find_dataset("tone-chips").index(data)
    wanted = 'input.features=["mean_colour","surround","exposure"]'
    decoded = decode(samples, read_recipe(find_recipe("colour-small"), [wanted, "machine.threads=2"]), root=data)
    rows = Rows(seen=np.asarray(decoded.numbers, float), lab=np.asarray(decoded.targets["tone"], float))
    tones = np.array([float(sample.traits["tone"]) for sample in samples])
    test = np.array([sample.traits["part"] == "test" for sample in samples])
    unseen = ~test & np.isin(tones, np.random.default_rng(0).choice(138, 21, replace=False) + 1)
    some = np.random.default_rng(1).random(len(tones)) < 0.8
    without_surround = [*COLUMNS["chip"], *COLUMNS["exposure"]]
    tell("Lab of the mean patch", rows.seen[:, :3], rows, tones, {"unseen tones": unseen, "frozen test": test})
    for name, columns in (("all features", range(26)), ("chip and EXIF", without_surround)):
        answer = taught(part(rows, ~test & ~unseen), columns, epochs=60)
        tell(name, answer(rows.seen), rows, tones, {"unseen tones": unseen, "frozen test": test})
        answer = taught(part(rows, ~test & some), columns, epochs=120, jitter=0.005)
        tell(name, answer(rows.seen), rows, tones, {"seen tones": ~test & ~some})
    many = kept(work, "noisy", "taught")
    chip_and_paper = [*COLUMNS["chip"], *COLUMNS["paper"]]
    for name, columns in (("chip and paper", chip_and_paper), ("chip and EXIF", [*range(3), *range(12, 19)])):
        said = np.mean([taught(many, columns, seed=seed)(rows.seen) for seed in range(2)], axis=0)
        tell(f"simulated cameras, {name}", said, rows, tones, {"frozen test": test})


def part(rows: Rows, at: np.ndarray) -> Rows:
    return Rows(seen=rows.seen[at], lab=rows.lab[at])


def tell(name: str, said: np.ndarray, rows: Rows, tones: np.ndarray, parts: Mapping[str, np.ndarray]) -> None:
    for title, at in parts.items():
        print(f"{title} | {name} | {figure(differences(said[at], rows.lab[at]), tones[at])}", flush=True)


def figure(off: np.ndarray, tones: np.ndarray) -> str:
    mean = bootstrap(lambda at: float(off[at].mean()), tones.tolist(), method="percentile")
    return f"{mean.value:.2f} [{mean.low:.2f}, {mean.high:.2f}] | {np.median(off):.2f}"


def ablation(runs: Path, data: Path) -> None:
    samples = find_dataset("tone-chips").index(data)
    lines = []
    for folder in sorted(path.parent for path in runs.rglob("result.json")):
        run = find_run(folder)
        table = predict(run, samples, root=data)
        right = table[[f"target.tone.{name}" for name in TONE]].to_numpy(float)
        off = differences(table[[f"predicted.tone.{name}" for name in TONE]].to_numpy(float), right)
        tones = table["trait.tone"].to_numpy()
        at = {name: (table["part"] == name).to_numpy() for name in ("test", "validate")}
        recipe = run.recipe
        shown = ("chip alone" if recipe.input.crop else "surround", ", ".join(recipe.input.features) or "picture alone")
        lines.append((*shown, recipe.network.name, recipe.network.fusion, figure(off[at["test"]], tones[at["test"]]),
                      f"{off[at['validate']].mean():.2f}", f"{recipe.train.epochs} epochs"))  # fmt: skip
    for line in sorted(lines, reverse=True):
        print("|", " | ".join(line), "|", flush=True)


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("what", choices=("simulate", "floor", "numbers", "ablation"))
    said.add_argument("work", type=Path)
    said.add_argument("--data", type=Path)
    said.add_argument("--sets", type=int, default=2000)
    asked = said.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    if asked.what == "simulate":
        simulate(asked.work, asked.sets)
    elif asked.what == "floor":
        floor(asked.work)
    elif asked.data is None:
        said.error("--data names the folder of the chips")
    elif asked.what == "numbers":
        numbers(asked.work, asked.data)
    else:
        ablation(asked.work, asked.data)


if __name__ == "__main__":
    main()
