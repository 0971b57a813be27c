"""Learn and judge the tone of a face from its photo: made faces, their clues, a small network, honest intervals.

    python benchmarks/skin_tone.py make clues.npz --seed 501 --people 200 --photos 10
    python benchmarks/skin_tone.py learn clues.npz --test other.npz

`make` renders people under drawn lights by drawn cameras and keeps the clues that `dermis analyse` would see, with the
true colour. `learn` trains on one file, calibrates the interval on people and kinds of light left out, judges on the
other file, and with --export writes the network to `dermis.models`. Eye whites are painted alike on all made people;
people's differ, so `learn` gives each person their own (`EYE_WHITE`), in both files.
"""

from __future__ import annotations

import argparse
import json
import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dermis.colour.difference import delta_e_00
from dermis.colour.tone import ita_deg
from dermis.core import CropFrame, Encoding, Face, SegmentationClass, View
from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, stream
from dermis.lab.synth.camera.scene import compose_scene, lab_of, raw_of, skin_mask
from dermis.lab.synth.camera.shading import draw_lamps
from dermis.lab.synth.layouts.layout import person_at
from dermis.lab.synth.recipe import read_recipe
from dermis.lab.train.export import without_traces
from dermis.metrics.calibration import conformal_quantile
from dermis.optics.camera import draw_camera
from dermis.optics.isp import develop, through_jpeg
from dermis.optics.populations import ILLUMINANT_KINDS, draw_illuminant
from dermis.pipeline.analyse import measure_skin
from dermis.tasks.tone import CLUES, FOLDER, tone_clues

LEVEL = 0.9
HELD_OUT = ("fluorescent", "halogen", "shade", "flash")
"""Kinds of light that take no part where intervals are judged on unseen lights."""
EYE_WHITE = ((5.0, 2.0, 3.0), (2.0, 1.0, 1.0))
"""Deviations of L*, a*, b* of eye whites: from person to person, and from photo to photo of one (chosen)."""
UNKNOWN = 0.15
"""Share of the photos that are learnt from without their exposure, and without eyes."""
MEMBERS, HIDDEN, EPOCHS = 3, 48, 40
_EYE = [CLUES.index(f"eye_white_{c}") for c in "lab"]
_EXPOSURE = list(range(CLUES.index("iso_ev"), len(CLUES)))


# --- making ---------------------------------------------------------------------------------------------------------


def make(out: Path, seed: int, people: int, photos: int) -> None:
    """Render `people`, two views each, `photos` photos a view."""
    recipe = read_recipe("faces", ["size_px=192", f"seed={seed}"])
    kinds, share = list(ILLUMINANT_KINDS), np.array([row[0] for row in ILLUMINANT_KINDS.values()])
    rows: list[dict[str, Any]] = []
    for number in range(people):
        person, visit = person_at(recipe, number, "W00")
        for view in range(2):
            rng = stream(seed, "clues", number, view)
            shot = draw_everyday_shot(rng, recipe, str(rng.choice(["front", "front", "left", "right"])), "neutral")
            kind = str(rng.choice(kinds, p=share / share.sum()))
            scene = compose_scene(person, visit, replace(shot, lamps=draw_lamps(rng, kind)))
            rows += _photos(rng, scene, kinds, share, kind, photos, number)
        if number % 20 == 19 or number == people - 1:
            np.savez(out, **{name: np.array([row[name] for row in rows]) for name in rows[0]})


def _photos(
    rng: np.random.Generator, scene: Any, kinds: list[str], share: Any, first: str, photos: int, number: int
) -> list[dict[str, Any]]:
    skin, regions, lab = skin_mask(scene), scene.buffers.regions, lab_of(scene)
    on = skin & (regions > 0)
    if on.sum() < 300:
        return []
    height, width = skin.shape
    face = Face(
        frame=CropFrame(x_px=0, y_px=0, width=width, height=height, factor=1), box=None, landmarks=None, pose=None,
        view=View.FRONT, segmentation=scene.buffers.parts.astype(np.uint8), regions=regions.astype(np.uint8), skin=skin,
    )  # fmt: skip
    rows = []
    for place in range(photos):
        kind = first if place % 2 == 0 else str(rng.choice(kinds, p=share / share.sum()))
        shot = replace(scene.shot, light=draw_illuminant(rng, kind), camera=draw_camera(rng))
        taken = replace(scene, shot=shot)
        raw = raw_of(taken)
        development = everyday_isp(rng, shot, raw, regions > 0)
        photo = through_jpeg(develop(raw, development, rng), development)
        seen = measure_skin(photo.pixels, Encoding.SRGB, face, None)
        clues = tone_clues(seen, photo.capture, face.segmentation == SegmentationClass.EYES)
        true = lab[on].mean(axis=0, dtype=np.float64)
        rows.append({"subject": number, "kind": kind, "X": clues, "Y": true})
    return rows


# --- learning -------------------------------------------------------------------------------------------------------


class ToneNetwork(nn.Module):
    """Clues (b, k), NaN where unknown -> L*a*b* (b, 3) and the scale of the error of the ITA in degrees (b, 1)."""

    mean: Tensor
    std: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(self, clues: int) -> None:
        super().__init__()
        for name, size in (("mean", clues), ("std", clues), ("shift", 3), ("scale", 3)):
            self.register_buffer(name, torch.zeros(size))
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Linear(2 * clues, HIDDEN), nn.GELU(), nn.Dropout(0.1),
                nn.Linear(HIDDEN, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, 4),
            )
            for _ in range(MEMBERS)
        )  # fmt: skip

    def each(self, clues: Tensor) -> Tensor:
        """Return what each member says, (members, b, 4): standard residuals of Lab, log of the ITA's scale."""
        unknown = torch.isnan(clues)
        known = torch.where(unknown, torch.zeros_like(clues), (clues - self.mean) / self.std).clamp(-4.0, 4.0)
        return torch.stack([member(torch.cat([known, unknown.float()], dim=1)) for member in self.members])

    def forward(self, clues: Tensor) -> tuple[Tensor, Tensor]:
        """Return Lab and the scale, means over the members."""
        said = self.each(clues).mean(dim=0)
        return clues[:, :3] + self.shift + self.scale * said[:, :3], torch.exp(said[:, 3:].clamp(-1.0, 4.0))


def taught(x: Any, y: Any, seed: int = 0) -> ToneNetwork:
    """Return the network taught by clues x (n, k) and true colours y (n, 3)."""
    torch.manual_seed(seed)
    rng, n = np.random.default_rng(seed), len(x)
    network = ToneNetwork(x.shape[1])
    residual = y - x[:, :3]
    for name, value in (("mean", np.nanmean(x, 0)), ("std", np.nanstd(x, 0) + 1e-3),
                        ("shift", residual.mean(0)), ("scale", residual.std(0))):  # fmt: skip
        getattr(network, name).copy_(torch.tensor(value))
    steps = EPOCHS * n // 64
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=3e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps)
    xs, ys = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    for step in range(steps):
        place = rng.integers(0, n, 64)
        seen = xs[place] + 0.05 * network.std * torch.randn(64, x.shape[1])
        for columns in (_EYE, _EXPOSURE):
            hidden = torch.rand(64) < UNKNOWN
            seen[:, columns] = torch.where(hidden[:, None], torch.nan, seen[:, columns])
        said = network.each(seen)
        lab = seen[:, :3] + network.shift + network.scale * said[..., :3]
        loss = nn.functional.smooth_l1_loss(lab, ys[place].expand_as(lab), beta=2.0)
        if step > steps // 3:  # the scale is learnt once the colours are near
            off = (_ita(lab.detach()) - _ita(ys[place])).abs()
            loss = loss + 0.2 * (off * torch.exp(-said[..., 3]) + said[..., 3]).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return network.eval()


def _ita(lab: Tensor) -> Tensor:
    return torch.rad2deg(torch.atan2(lab[..., 0] - 50, lab[..., 2]))


@torch.inference_mode()
def asked(network: ToneNetwork, x: Any) -> tuple[Any, Any]:
    lab, scale = network(torch.tensor(x, dtype=torch.float32))
    return lab.numpy().astype(float), scale.numpy()[:, 0].astype(float)


def off_ita(lab: Any, y: Any) -> Any:
    return np.abs(np.asarray(ita_deg(lab)) - np.asarray(ita_deg(y)))


def calibrated(data: dict[str, Any]) -> tuple[float, float]:
    """Return what scales are multiplied with (ITA) and the radius of Lab (ΔE00) so that `LEVEL` of new photos lie in.

    Scores come from people and kinds of light that took no part: each fifth of the people with two fifths of the kinds.
    """
    kinds = sorted(set(data["kind"]))
    fifth = data["subject"] % 5
    scores, radii, people = [], [], []
    for held in range(5):
        for turn in (0, 2):
            out = np.isin(data["kind"], kinds[(held + turn) % 5 :: 5])
            teaching, rows = ~out & (fifth != held), out & (fifth == held)
            lab, scale = asked(taught(data["X"][teaching], data["Y"][teaching], seed=held), data["X"][rows])
            scores.append(off_ita(lab, data["Y"][rows]) / scale)
            radii.append(np.asarray(delta_e_00(lab, data["Y"][rows])))
            people.append(data["subject"][rows])
    groups = np.concatenate(people)
    return tuple(conformal_quantile(np.concatenate(one), LEVEL, groups=groups) for one in (scores, radii))  # type: ignore[return-value]


def read(path: Path, seed: int) -> dict[str, Any]:
    with np.load(path) as held:
        data = {name: held[name] for name in held.files}
    rows = np.isfinite(data["X"][:, :3]).all(axis=1)
    data = {name: values[rows] for name, values in data.items()}
    rng = np.random.default_rng(seed)
    own = rng.normal(0, EYE_WHITE[0], (int(data["subject"].max()) + 1, 3))
    data["X"][:, _EYE] += own[data["subject"]] + rng.normal(0, EYE_WHITE[1], (len(data["X"]), 3))
    return data


# --- judging --------------------------------------------------------------------------------------------------------


def judged(name: str, lab: Any, data: dict[str, Any], half_width: Any = None) -> dict[str, Any]:
    off, error = np.asarray(delta_e_00(lab, data["Y"])), off_ita(lab, data["Y"])
    ita, people = np.asarray(ita_deg(lab)), data["subject"]
    each, counts = np.unique(people, return_counts=True)
    often = each[counts > 1]
    figures: dict[str, Any] = {
        "photos": len(lab), "people": len(each),
        "delta_e_00": _interval(off, people), "delta_e_00_median": float(np.median(off)),
        "ita_mae_deg": _interval(error, people), "ita_median_deg": float(np.median(error)),
        "ita_repeat_sd_deg": float(np.sqrt(np.mean([ita[people == who].var(ddof=1) for who in often]))),
        "delta_e_00_repeat": float(np.mean([
            np.asarray(delta_e_00(lab[people == who], np.median(lab[people == who], 0))).mean() for who in each])),
    }  # fmt: skip
    if half_width is not None:
        inside = error <= half_width
        true = np.asarray(ita_deg(data["Y"]))
        figures |= {"coverage": _interval(inside.astype(float), people), "half_width_deg": float(np.median(half_width))}
        bands = {"under -30": true < -30, "-30 to 10": (true >= -30) & (true < 10),
                 "10 to 41": (true >= 10) & (true < 41), "over 41": true >= 41}  # fmt: skip
        figures["by_tone"] = {
            band: [int(at.sum()), round(float(inside[at].mean()), 3), round(float(error[at].mean()), 2)]
            for band, at in bands.items() if at.any()
        }  # fmt: skip
    print(name, json.dumps(figures), flush=True)
    return figures


def _interval(values: Any, groups: Any) -> list[float]:
    rng, each = np.random.default_rng(0), np.unique(groups)
    sums, counts = (np.array([f(values[groups == who]) for who in each]) for f in (np.sum, len))
    drawn = rng.integers(0, len(each), (1000, len(each)))
    low, high = np.percentile(sums[drawn].sum(1) / counts[drawn].sum(1), (2.5, 97.5))
    return [round(float(values.mean()), 3), round(float(low), 3), round(float(high), 3)]


def learn(clues: Path, test: Path, export: bool) -> None:
    data, other = read(clues, 1), read(test, 2)
    figures = {"before": judged("median Lab", other["X"][:, :3].astype(float), other)}
    seen, unseen = (np.isin(one["kind"], HELD_OUT) for one in (data, other))
    known = {name: values[~seen] for name, values in data.items()}
    strange = {name: values[unseen] for name, values in other.items()}
    figures["before_unseen_lights"] = judged("median Lab, those lights", strange["X"][:, :3].astype(float), strange)
    factor, _ = calibrated(known)
    lab, scale = asked(taught(known["X"], known["Y"]), strange["X"])
    figures["unseen_lights"] = judged("network, lights unseen", lab, strange, factor * scale)
    factor, radius = calibrated(data)
    network = taught(data["X"], data["Y"])
    lab, scale = asked(network, other["X"])
    figures["model"] = judged("network", lab, other, factor * scale)
    for name, columns in (("without_eyes", _EYE), ("without_exposure", _EXPOSURE)):
        blind = other["X"].copy()
        blind[:, columns] = np.nan
        lab, scale = asked(network, blind)
        figures[name] = judged(name, lab, other, factor * scale)
    print(f"factor {factor:.3f}, radius {radius:.2f}")
    if export:
        _export(network, {"factor": factor, "radius_delta_e_00": radius, "level": LEVEL, "figures": figures,
                          "people": len(np.unique(data["subject"])), "photos": len(data["X"])})  # fmt: skip


def _export(network: ToneNetwork, meta: dict[str, Any]) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network, (torch.rand(1, len(CLUES)),), input_names=["clues"], output_names=["lab", "ita_scale"],
            opset_version=18, dynamo=True, verbose=False, external_data=False,
        )  # fmt: skip
    assert program is not None
    (FOLDER / "model.onnx").write_bytes(without_traces(program.model_proto).SerializeToString())
    told = {"clues": CLUES, **meta}
    (FOLDER / "tone.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    maker = commands.add_parser("make")
    maker.add_argument("out", type=Path)
    for name, default in (("seed", 501), ("people", 200), ("photos", 10)):
        maker.add_argument(f"--{name}", type=int, default=default)
    maker.set_defaults(run=lambda a: make(a.out, a.seed, a.people, a.photos))
    learner = commands.add_parser("learn")
    learner.add_argument("clues", type=Path)
    learner.add_argument("--test", type=Path, required=True)
    learner.add_argument("--export", action="store_true")
    learner.set_defaults(run=lambda a: learn(a.clues, a.test, a.export))
    torch.set_num_threads(1)
    arguments = parser.parse_args()
    run: Callable[[argparse.Namespace], None] = arguments.run
    run(arguments)


if __name__ == "__main__":
    main()
