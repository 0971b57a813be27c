import socket
from dataclasses import replace

import optuna
import pytest

from dermis.errors import UsageError
from dermis.lab.evaluate.tables import by_factor, write_summary
from dermis.lab.train import sweep as sweeping
from dermis.lab.train.recipe import read_recipe
from dermis.lab.train.sweep import points_of, read_sweep, sweep
from fakes.recipes import TINY

GRID = """
base = "base.toml"
[grid]
"network.fusion" = ["concat", "film"]
"input.features" = [["mean_colour"], ["mean_colour", "exposure"]]
[stages]
first_epochs = 1
keep = 1
"""


@pytest.fixture
def plan(tmp_path, fake_samples):
    """Writes a sweep and returns how to run it."""
    (tmp_path / "base.toml").write_text(TINY)

    def written(text):
        (tmp_path / "plan.toml").write_text(text)
        told, base = read_sweep(tmp_path / "plan.toml")
        samples = fake_samples(read_recipe(base), 12)
        return lambda **more: sweep(told, base, samples, tmp_path / "runs", **more)

    return written


def counted(monkeypatch):
    runs, train = [], sweeping.train

    def counting(recipe, *rest, **more):
        runs.append(recipe)
        return train(recipe, *rest, **more)

    monkeypatch.setattr(sweeping, "train", counting)
    return runs


def test_everyone_runs_a_short_while_and_the_best_in_full(plan, monkeypatch, tmp_path):
    runs = counted(monkeypatch)
    outcomes = plan(GRID)()
    assert [recipe.train.epochs for recipe in runs] == [1, 1, 1, 1, 2]
    full, first = outcomes[0], outcomes[1:]
    assert [one.stage for one in outcomes] == ["full", *["first"] * 4]
    assert [one.error for one in first] == sorted(one.error for one in first)
    assert full.point == first[0].point
    again = plan(GRID)()
    assert len(runs) == 5  # nothing was run again
    assert again == outcomes
    summary = write_summary(outcomes, tmp_path / "runs", "plan").read_text()
    assert "| first | network.fusion | film | 2 |" in summary
    assert "mean_colour+exposure" in summary
    assert (tmp_path / "runs" / "plan-runs.csv").read_text().count("\n") == 6


def test_a_killed_sweep_goes_on(plan, monkeypatch, tmp_path):
    train = sweeping.train
    runs = counted(monkeypatch)

    class Killed(BaseException):
        pass

    def dying(recipe, *rest, **more):
        if len(runs) == 2:
            raise Killed
        runs.append(recipe)
        return train(recipe, *rest, **more)

    monkeypatch.setattr(sweeping, "train", dying)
    with pytest.raises(Killed):
        plan(GRID)()
    # A kill leaves the trial as it was: running, by a process that is no more.
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / 'runs' / 'sweep.db'}")
    study = optuna.load_study(study_name=optuna.get_all_study_summaries(storage)[0].study_name, storage=storage)
    gone = study.ask()
    gone.set_user_attr("worker", f"{socket.gethostname()}:{2**22 + 1}")
    monkeypatch.setattr(sweeping, "train", train)
    runs = counted(monkeypatch)
    outcomes = plan(GRID)()
    assert len(outcomes) == 5
    assert len(runs) == 3  # the two that were left, and the best in full


def test_a_point_that_fails_is_said_once_and_left_out(plan, monkeypatch):
    runs = counted(monkeypatch)
    wild = 'base = "base.toml"\n[grid]\n"train.lr" = [1e-3, 1e30]'
    outcomes = plan(wild)(settings=["optimiser.name=sgd", "train.clip=0"])
    assert [one.point for one in outcomes] == [{"train.lr": 1e-3}]
    assert len(runs) == 2
    plan(wild)(settings=["optimiser.name=sgd", "train.clip=0"])
    assert len(runs) == 2
    with pytest.raises(UsageError, match="not a number"):
        plan('base = "base.toml"\n[grid]\n"train.lr" = [1e30]')(settings=["optimiser.name=sgd", "train.clip=0"])


def test_a_search_draws_as_many_as_asked(plan, monkeypatch):
    runs = counted(monkeypatch)
    text = """
        base = "base.toml"
        trials = 3
        [grid]
        "network.fusion" = ["concat", "film"]
        [search]
        "train.lr" = { low = 1e-4, high = 1e-2, log = true }
        "train.batch" = { low = 4, high = 8, whole = true }
        "optimiser.name" = { choices = ["sgd", "adamw"] }
    """
    outcomes = plan(text)(settings=["train.epochs=1"])
    assert len(runs) == 3
    assert all(1e-4 <= recipe.train.lr <= 1e-2 and 4 <= recipe.train.batch <= 8 for recipe in runs)
    assert all(set(one.point) == {"network.fusion", "train.lr", "train.batch", "optimiser.name"} for one in outcomes)
    plan(text)(settings=["train.epochs=1"])
    assert len(runs) == 3


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('base = "base.toml"\n[grid]\nseed = [1, 2]', 2),
        ('base = "base.toml"\ntrials = 2\n[search]\n"train.lr" = { low = 1e-4, high = 1e-2 }', 2),
    ],
)
def test_what_two_processes_queue_at_once_is_run_once(text, count, plan, monkeypatch):
    queue, runs = sweeping._queue, counted(monkeypatch)

    class Unseeing:
        """The study as another process sees it that looks at the same moment."""

        def __init__(self, study):
            self.enqueue_trial = study.enqueue_trial

        def get_trials(self, **more):
            return []

    def both(study, points, trials):
        if not study.get_trials():
            queue(Unseeing(study), points, trials)
            queue(Unseeing(study), points, trials)
        queue(study, points, trials)

    monkeypatch.setattr(sweeping, "_queue", both)
    outcomes = plan(text)(settings=["train.epochs=1"])
    assert len(runs) == len(outcomes) == count


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('base = "base.toml"', "varies nothing"),
        ('base = "base.toml"\n[grid]\nseed = 3', "no list"),
        ('base = "base.toml"\n[gird]\nseed = [3]', "grid"),
        ('base = "nothing"\n[grid]\nseed = [3]', "nothing"),
        ('base = "base.toml"\n[grid]\n"train.epoch" = [3]', "epochs"),
        ('base = "base.toml"\n[grid]\nseed = [1, 2', "not TOML"),
        ('base = "base.toml"\n[grid]\n"machine.devices" = [1, 2]', "one device"),
    ],
)
def test_sweeps_that_mean_nothing_are_refused(plan, text, words):
    with pytest.raises(UsageError, match=words):
        plan(text)()


def test_a_database_without_driver_is_said(plan):
    with pytest.raises(UsageError, match=r"mysql\+pymysql"):
        plan(GRID)(storage="mysql+pymysql://nobody@localhost/none")


def test_a_database_that_does_not_answer_is_said(plan):
    with pytest.raises(UsageError, match="cannot be opened"):
        plan(GRID)(storage="postgresql+psycopg://nobody@localhost:1/none")


def test_many_values_are_told_by_thirds(plan):
    outcomes = plan(GRID)()[1:]
    many = [replace(outcomes[0], point={"train.lr": float(place)}, error=float(place)) for place in range(9)]
    rows = by_factor(many)
    assert [row["runs"] for row in rows] == [3, 3, 3]
    assert rows[0]["median"] == 1.0


def test_points_are_every_combination(plan, tmp_path):
    plan(GRID)
    told, _ = read_sweep(tmp_path / "plan.toml")
    assert len(points_of(told)) == 4
