"""Sweeps: a plan of recipes, run by one or several workers."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import math
import os
import socket
import time
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from dermis.core import Sample
from dermis.errors import UsageError
from dermis.lab.train.objectives.samples import train
from dermis.lab.train.recipe import Recipe, find_recipe, read_recipe
from dermis.lab.train.recipe.toml_records import record_from
from dermis.lab.train.run import run_folder

__all__ = ["Outcome", "Point", "Range", "Stages", "Sweep", "points_of", "read_sweep", "sweep"]

Point = dict[str, Any]
"""One choice of values, by the dotted names of what is varied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Where a value is drawn from: between two numbers, or among choices."""

    low: Annotated[float, "smallest"] = 0.0
    high: Annotated[float, "largest"] = 0.0
    log: Annotated[bool, "evenly in its logarithm"] = False
    whole: Annotated[bool, "whole numbers only"] = False
    choices: Annotated[tuple[str, ...], "one of these, instead of numbers"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """First everyone for a short while, then the best in full."""

    first_epochs: Annotated[int, "epochs of the first stage; 0 for no first stage"] = 0
    keep: Annotated[int, "how many go on"] = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What is varied, and how."""

    name: Annotated[str, "names the sweep and its folder"] = "sweep"
    base: Annotated[str, "recipe that is varied"] = ""
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    search: Mapping[str, Range] = field(default_factory=dict)
    trials: Annotated[int, "search: how many are drawn"] = 20
    seed: Annotated[int, "draws the search"] = 0
    stages: Stages = field(default_factory=Stages)


def read_sweep(path: Path) -> tuple[Sweep, Path]:
    """Return the sweep in a TOML file, and the path of its base recipe; raises UsageError where it says nothing."""
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The sweep {path} cannot be read ({error}).", advice="Check the path.") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}.", advice='Quote names with dots: "train.lr" = [...].') from None
    grid = held.pop("grid", {})
    one = record_from(Sweep, {"name": path.stem, **held})
    wrong = [name for name, values in grid.items() if not isinstance(values, list) or not values]
    if wrong:
        raise UsageError(f"grid.{wrong[0]} is no list.", advice=f'Write "{wrong[0]}" = [first, second].')
    if not grid and not one.search:
        raise UsageError(f"{path} varies nothing.", advice="Add a section grid or search.")
    one = replace(one, grid={name: tuple(values) for name, values in grid.items()})
    beside = path.parent / one.base
    return one, beside if beside.suffix == ".toml" and beside.is_file() else find_recipe(one.base)


def points_of(plan: Sweep) -> list[Point]:
    """Return every combination of the grid."""
    return [dict(zip(plan.grid, values, strict=True)) for values in itertools.product(*plan.grid.values())]


_PATIENCE_S = 5.0
_SETTLE_S = 3.0
_BEAT_S = 60
"""A worker on another machine counts as gone when it has not been heard of for three of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One finished run of a sweep, here or on another machine.

    stage: first or full. point: what was varied. error: of the part that chose the epoch. result: what the run said of
    itself. run: name of its folder.
    """

    stage: str
    point: Mapping[str, Any]
    error: float
    recipe: Recipe
    result: Mapping[str, Any]
    run: str


def sweep(
    plan: Sweep,
    base: Path,
    samples: Sequence[Sample],
    out: Path,
    *,
    root: Path | None = None,
    storage: str = "",
    settings: Sequence[str] = (),
    show: bool = False,
) -> list[Outcome]:
    """Run what `plan` asks for that has not been run, in folders below `out`; return all outcomes, the best first.

    storage: URL of a database that several machines share ("postgresql://..."); "" for a file in `out`. settings: laid
    over the base recipe. Several processes may work on one sweep; each takes what is free.
    Raises UsageError where a point is no recipe, or no run came to its end.
    """
    out.mkdir(parents=True, exist_ok=True)
    work = _Work(plan=plan, base=base, settings=tuple(settings), samples=samples, out=out, root=root, show=show)
    points = [] if plan.search else points_of(plan)
    for point in points or [{}]:
        if work.recipe(point, 0).machine.devices > 1:  # what is wrong is said before anything runs
            raise UsageError("A run of a sweep has one device.", advice="Start the sweep several times; they share it.")
    with _quiet(), _opened(storage or f"sqlite:///{(out / 'sweep.db').resolve()}") as held:
        if not plan.stages.first_epochs:
            return work.stage(held, "full", points, epochs=0)
        first = work.stage(held, "first", points, epochs=plan.stages.first_epochs)
        best = [dict(one.point) for one in first[: plan.stages.keep]]
        return work.stage(held, "full", best, epochs=0) + first


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What one process does for a sweep."""

    plan: Sweep
    base: Path
    settings: tuple[str, ...]
    samples: Sequence[Sample]
    out: Path
    root: Path | None
    show: bool

    def stage(
        self, storage: optuna.storages.BaseStorage, name: str, points: list[Point], *, epochs: int
    ) -> list[Outcome]:
        """Run one stage to its end, with whoever else works on it; return its outcomes, best first.

        points: what is run; nothing: as many as `plan.trials` are drawn.
        """
        said = json.dumps([asdict(self.plan), self.base.read_text(), self.settings], sort_keys=True)
        study = optuna.create_study(
            storage=storage,
            study_name=f"{self.plan.name}-{hashlib.sha256(said.encode()).hexdigest()[:8]}/{name}",
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(seed=self.plan.seed + len(_trials(storage))),
        )
        while _wait_for_one(study, points, self.plan.trials):
            study.optimize(lambda trial: self.run(trial, epochs, drawing=not points), n_trials=1, catch=(UsageError,))
        return self.outcomes(study, name, epochs)

    def run(self, trial: Trial, epochs: int, *, drawing: bool) -> float:
        """Run one trial and return its error."""
        trial.set_user_attr("worker", f"{socket.gethostname()}:{os.getpid()}")
        if self.surplus(trial, drawing=drawing):
            raise optuna.TrialPruned
        if drawing:
            trial.set_user_attr("point", self.draw(trial))
        recipe = self.recipe(trial.user_attrs["point"], epochs)
        try:
            result = train(recipe, self.samples, self.out, root=self.root, show=self.show).result()
            trial.set_user_attr("result", result)
            return _error(recipe, result)
        except UsageError as error:
            trial.set_user_attr("reason", str(error))
            raise

    def surplus(self, trial: Trial, *, drawing: bool) -> bool:
        """Return whether a trial is one too many: two processes may queue the same at once, or take the last at once.

        Of equal ones that with the lowest number counts. A database numbers the trials of a study one after the other,
        so whoever holds a trial sees all with a lower number, and each point is run once.
        """
        before = [one for one in trial.study.get_trials(deepcopy=False) if one.number < trial.number and _counts(one)]
        if drawing:
            return len(before) >= self.plan.trials
        point = trial.user_attrs.get("point")
        return point is None or any(one.user_attrs.get("point") == point for one in before)

    def draw(self, trial: Trial) -> Point:
        """Return a point drawn for a trial; what stands in the grid is drawn among its values."""
        point = {name: json.loads(trial.suggest_categorical(name, [json.dumps(value) for value in values]))
                 for name, values in self.plan.grid.items()}  # fmt: skip
        for name, among in self.plan.search.items():
            if among.choices:
                point[name] = trial.suggest_categorical(name, list(among.choices))
            elif among.whole:
                point[name] = trial.suggest_int(name, int(among.low), int(among.high), log=among.log)
            else:
                point[name] = trial.suggest_float(name, among.low, among.high, log=among.log)
        return point

    def recipe(self, point: Mapping[str, Any], epochs: int) -> Recipe:
        """Return the base recipe with a point laid over it; epochs: of a first stage, 0 for those of the recipe."""
        varied = [f"{name}={json.dumps(value)}" for name, value in point.items()]
        short = [f"train.epochs={epochs}", "train.patience=0"] if epochs else []
        return read_recipe(self.base, [*self.settings, *varied, *short])

    def outcomes(self, study: optuna.Study, stage: str, epochs: int) -> list[Outcome]:
        """Return what is finished, best first; of equal recipes one."""
        found: dict[str, Outcome] = {}
        for trial in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
            point, result = trial.user_attrs["point"], trial.user_attrs["result"]
            recipe = self.recipe(point, epochs)
            name = run_folder(recipe, self.out).name
            found[name] = Outcome(
                stage=stage, point=point, error=_error(recipe, result), recipe=recipe, result=result, run=name
            )
        reasons = [trial.user_attrs["reason"] for trial in study.get_trials(deepcopy=False) if _failed(trial)]
        if reasons and not found:
            raise UsageError("No run of the sweep came to its end.", advice=reasons[0])
        return sorted(found.values(), key=lambda one: one.error)


def _wait_for_one(study: optuna.Study, points: list[Point], count: int) -> bool:
    """Wait until a trial is free, and return whether one is; False when all are done."""
    while True:
        _bury(study)
        _queue(study, points, count)
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        if TrialState.WAITING in states or TrialState.RUNNING not in states:
            return TrialState.WAITING in states
        time.sleep(_PATIENCE_S)


def _bury(study: optuna.Study) -> None:
    """End the trials whose process is gone: on this machine at once, elsewhere after a silence."""
    optuna.storages.fail_stale_trials(study)
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        host, _, pid = trial.user_attrs.get("worker", "").rpartition(":")
        if host == socket.gethostname() and (int(pid) == os.getpid() or not _alive(int(pid))):
            study.tell(trial.number, state=TrialState.FAIL)


def _queue(study: optuna.Study, points: list[Point], count: int) -> None:
    """Queue what is neither queued, nor run, nor refused for a reason."""
    held = [one for one in study.get_trials(deepcopy=False) if _counts(one)]
    if not points:
        for _ in range(count - len(held)):
            study.enqueue_trial({})
    there = [one.user_attrs.get("point") for one in held]
    for point in points:
        if point not in there:
            study.enqueue_trial({}, user_attrs={"point": point})


def _counts(trial: FrozenTrial) -> bool:
    return trial.state not in (TrialState.FAIL, TrialState.PRUNED) or _failed(trial)


def _failed(trial: FrozenTrial) -> bool:
    """Return whether it was refused for a reason; one whose process was killed was not."""
    return trial.state is TrialState.FAIL and "reason" in trial.user_attrs


def _error(recipe: Recipe, result: Mapping[str, Any]) -> float:
    """Return the error that chose the epoch; infinite where it is not known."""
    start = f"validate_{recipe.train.watch}_" if recipe.train.watch else "validate_loss"
    error = next(float(value) for name, value in result.items() if name.startswith(start))
    return error if math.isfinite(error) else math.inf


@contextmanager
def _opened(url: str) -> Iterator[optuna.storages.RDBStorage]:
    """Hold the storage open, and leave no connection behind."""
    storage = _storage(url)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _storage(url: str, tries: int = 2) -> optuna.storages.RDBStorage:
    """Return the opened storage; the second try is for two workers that made its tables at once, where one loses."""
    try:
        return optuna.storages.RDBStorage(url, heartbeat_interval=_BEAT_S, grace_period=3 * _BEAT_S)
    except ImportError as error:
        raise UsageError(
            f"The database {url.split(':')[0]} has no driver here ({error}).", advice="Install it."
        ) from None
    except Exception as error:
        if tries > 1:
            time.sleep(_SETTLE_S)
            return _storage(url, tries - 1)
        raise UsageError(
            f"The database of the sweep cannot be opened ({type(error).__name__}).", advice="Check --storage."
        ) from error


def _trials(storage: optuna.storages.BaseStorage) -> list[FrozenTrial]:
    return [
        one for study in storage.get_all_studies() for one in storage.get_all_trials(study._study_id, deepcopy=False)
    ]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Optuna's own log, and its warning that heartbeats are new."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)
