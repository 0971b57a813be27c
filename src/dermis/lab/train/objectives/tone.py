"""The colour of a face under D65 from the clues of its photo, and intervals from people and lights left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from dermis.colour.difference import delta_e_00
from dermis.colour.tone import ita_deg
from dermis.lab.networks.tone import ToneNetwork, ita_of
from dermis.lab.train.build import groups_for
from dermis.lab.train.examples.tone import CLUES, Clues
from dermis.lab.train.objectives.pooled import Pools, gather, note_pools, parts_of_pools
from dermis.lab.train.progress import quiet
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.run import Run, open_run
from dermis.lab.train.sources import Roots
from dermis.lab.train.trainer import Trainer, fabric_for, fit
from dermis.metrics.calibration import conformal_quantile

__all__ = ["Rows", "ToneObjective", "ask", "open_network", "rows_of", "train", "train_pools"]

LEVEL = 0.9
FOLDS = 5
_EYE = [CLUES.index(f"eye_white_{c}") for c in "lab"]
_EXPOSURE = list(range(CLUES.index("iso_ev"), len(CLUES)))
_SCALE_FROM = 1 / 3  # of the epochs: the scale is learnt once the colours are near
_WITHIN = (2.0, 1.0, 1.0)  # deviations of L*, a*, b* of eye whites from photo to photo of one person (chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """clues (n, k), NaN where unknown; lab (n, 3); person and light (n,)."""

    clues: NDArray[np.float32]
    lab: NDArray[np.float64]
    person: NDArray[np.str_]
    light: NDArray[np.str_]

    def at(self, where: NDArray[Any]) -> Rows:
        """Return some of the rows."""
        return Rows(clues=self.clues[where], lab=self.lab[where], person=self.person[where], light=self.light[where])


def rows_of(examples: Sequence[Clues], recipe: Recipe, *, seed: int) -> Rows:
    """Return examples as arrays, without those whose skin was not measured.

    Eye whites are painted alike on all synthetic people; people's differ, so each person is given their own.
    """
    known = [one for one in examples if np.isfinite(one.pixels[:3]).all()]
    clues = np.array([one.pixels for one in known], np.float32)
    people, which = np.unique([one.person for one in known], return_inverse=True)
    rng = np.random.default_rng(seed)
    own = rng.normal(0, [recipe.view[f"eye_white_{c}"] for c in "lab"], (len(people), 3))
    clues[:, _EYE] += (own[which] + rng.normal(0, _WITHIN, (len(clues), 3))).astype(np.float32)
    return Rows(
        clues=clues,
        lab=np.array([one.lab for one in known]),
        person=people[which],
        light=np.array([one.light for one in known]),
    )


def train(recipe: Recipe, roots: Roots, out: Path, *, show: bool = False) -> Run:
    """Learn from the pools that `recipe` names; see `train_pools`."""
    return train_pools(recipe, gather(recipe, roots), out, show=show)


def train_pools(recipe: Recipe, pools: Pools, out: Path, *, show: bool = False) -> Run:
    """Learn from examples by pool, calibrate on people and lights left out, and return the run."""
    run = open_run(recipe, out)
    parts = parts_of_pools(recipe, pools)
    note_pools(run, recipe, parts)
    if run.finished:
        return run
    rows, judge = (
        rows_of([one for pool in parts[part].values() for one in pool], recipe, seed=seed)
        for part, seed in (("train", 1), ("test", 2))
    )
    with quiet():
        fabric = fabric_for(recipe)
        fabric.launch()
        fit(ToneObjective(recipe, new_network(rows, recipe.seed), rows, judge), recipe, run, fabric, show=show)
        run.note("calibration", calibration_of(recipe, rows, fabric))
    return run


def new_network(rows: Rows, seed: int) -> ToneNetwork:
    """Return an untrained network with the means and spreads of `rows`."""
    torch.manual_seed(seed)
    network = ToneNetwork(rows.clues.shape[1])
    residual = rows.lab - rows.clues[:, :3]
    for name, value in (
        ("mean", np.nanmean(rows.clues, 0)),
        ("std", np.nanstd(rows.clues, 0) + 1e-3),
        ("shift", residual.mean(0)),
        ("scale", residual.std(0)),
    ):
        getattr(network, name).copy_(torch.tensor(value))
    return network


def open_network(run: Run) -> ToneNetwork:
    """Return the network of a run as it is kept."""
    network = ToneNetwork(len(CLUES))
    network.load_state_dict(torch.load(run.best, map_location="cpu", weights_only=True))
    return network.eval()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    rows: list[NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[NDArray[np.int64]]:
        return iter(self.rows)


class ToneObjective:
    """Lab by smooth absolute error; later on the scale of the ITA's error by a Laplace likelihood."""

    model: nn.Module

    def __init__(self, recipe: Recipe, model: ToneNetwork, rows: Rows, judge: Rows | None = None) -> None:
        self.recipe, self.model, self.network, self.judge = recipe, model, model, judge
        self.clues = torch.tensor(rows.clues, dtype=torch.float32)
        self.lab = torch.tensor(rows.lab, dtype=torch.float32)

    def groups(self) -> list[dict[str, Any]]:
        """Return all weights."""
        return groups_for(self.model, self.recipe)

    def begin(self, epoch: int) -> None:
        """All of it learns."""

    def batches(self, epoch: int, *, rank: int, world: int) -> _Order:
        """Return the rows of an epoch."""
        order = np.random.default_rng((self.recipe.seed, epoch)).permutation(len(self.clues))
        size = self.recipe.train.batch
        return _Order(rows=[order[start : start + size][rank::world] for start in range(0, len(order), size)])

    def losses(self, network: Callable[..., Any], batch: Any, epoch: float, draw: torch.Generator) -> Tensor:  # noqa: ANN401
        """Return the loss of each photo, (b,), some of them without eyes, some without exposure."""
        rows = torch.from_numpy(batch)
        seen, wanted = self.clues[rows], self.lab[rows]
        noise = torch.randn(seen.shape, generator=draw)
        seen = seen + self.recipe.view["noise"] * self.network.std.cpu() * noise
        for columns in (_EYE, _EXPOSURE):
            hidden = torch.rand(len(seen), generator=draw) < self.recipe.view["unknown"]
            seen[:, columns] = torch.where(hidden[:, None], torch.nan, seen[:, columns])
        said = self.network.each(seen)
        lab = seen[:, :3] + self.network.shift + self.network.scale * said[..., :3]
        off = nn.functional.smooth_l1_loss(lab, wanted.expand_as(lab), beta=2.0, reduction="none")
        loss = self.recipe.term["colour"] * off.mean(dim=(0, 2))
        if epoch < _SCALE_FROM * self.recipe.epochs:
            return loss
        error = (ita_of(lab.detach()) - ita_of(wanted)).abs()
        return loss + self.recipe.term["scale"] * (error * torch.exp(-said[..., 3]) + said[..., 3]).mean(dim=0)

    def validate(self, model: nn.Module, epoch: int, fabric: Fabric) -> dict[str, float]:
        """Return the mean colour difference on the part test, which chooses nothing; {} where there is none."""
        if self.judge is None or not len(self.judge.clues):
            return {}
        lab, _ = ask(model, self.judge.clues)
        off = float(np.mean(delta_e_00(lab, self.judge.lab)))
        return {"validate_loss": off, "validate_tone_delta_e_00": off}


@torch.inference_mode()
def ask(network: nn.Module, clues: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Lab (n, 3) and the scale of the ITA's error (n,) for clues (n, k)."""
    lab, scale = network.eval()(torch.tensor(clues, dtype=torch.float32))
    return lab.numpy().astype(float), scale.numpy()[:, 0].astype(float)


def calibration_of(recipe: Recipe, rows: Rows, fabric: Fabric) -> dict[str, Any]:
    """Return what scales are multiplied with (ITA) and the radius of Lab (ΔE00) so that `LEVEL` of new photos lie in.

    Scores come from people and kinds of light that took no part: each fifth of the people with two fifths of the kinds.
    """
    kinds, people = sorted(set(rows.light)), np.unique(rows.person, return_inverse=True)[1]
    fifth = people % FOLDS
    scores, radii, groups = [], [], []
    for held in range(FOLDS):
        for turn in (0, 2):
            out = np.isin(rows.light, kinds[(held + turn) % FOLDS :: FOLDS])
            teaching, asked = rows.at(~out & (fifth != held)), rows.at(out & (fifth == held))
            if not len(asked.clues) or not len(teaching.clues):
                continue
            lab, scale = ask(_fitted(replace(recipe, seed=held), teaching, fabric), asked.clues)
            scores.append(np.abs(np.asarray(ita_deg(lab)) - np.asarray(ita_deg(asked.lab))) / scale)
            radii.append(np.asarray(delta_e_00(lab, asked.lab)))
            groups.append(asked.person)
    whose = np.concatenate(groups)
    factor, radius = (conformal_quantile(np.concatenate(one), LEVEL, groups=whose) for one in (scores, radii))
    return {
        "clues": list(CLUES),
        "factor": float(factor),
        "radius_delta_e_00": float(radius),
        "level": LEVEL,
        "photos": len(rows.clues),
        "people": len(set(people)),
    }


def _fitted(recipe: Recipe, rows: Rows, fabric: Fabric) -> nn.Module:
    """Return a network fitted to `rows`, by the one loop without a run."""
    objective = ToneObjective(recipe, new_network(rows, recipe.seed), rows)
    trainer = Trainer(recipe, objective, fabric)
    for epoch in range(recipe.epochs):
        batches = objective.batches(epoch, rank=0, world=1)
        trainer.fit_epoch(batches, len(batches), epoch)
    return trainer.mean.model.eval()
