"""A sweep that several processes share through a PostgreSQL server, as several machines would."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import optuna
import pytest

from fakes.recipes import TINY

PLAN = 'base = "base.toml"\n[grid]\nseed = [1, 2, 3, 4, 5, 6]\n'
WORKER = """
import sys
from pathlib import Path
from fakes.samples import fake_sample
from dermis.lab.train.sweep import read_sweep
from dermis.lab.train.recipe import read_recipe
from dermis.lab.train.sweep import sweep
here, out, storage = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
plan, base = read_sweep(here / "plan.toml")
samples = [fake_sample(place, read_recipe(base)) for place in range(12)]
print(len(sweep(plan, base, samples, out, storage=storage)))
"""


def server_programs():
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return Path(found).parent if found else folders[-1] if folders else None


def owner():
    """The account a server runs under: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL refuses to run as root, and there is no account `postgres`")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@pytest.fixture
def storage():
    """The URL of a fresh database on a socket of its own."""
    programs = server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    account = owner()
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # short: a socket's path holds 107 characters
        if account:
            os.chown(name, account["user"], account["group"])
        quiet = {"check": True, "capture_output": True, "cwd": name, "timeout": 60, **account}
        data = f"{name}/data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-A", "trust", "-U", "dermis", "-E", "UTF8", "--no-sync"], **quiet
        )
        control = [programs / "pg_ctl", "-D", data, "-w"]
        subprocess.run(
            [*control, "-l", f"{name}/log", "-o", f"-c listen_addresses='' -k {name} -F", "start"],
            **{**quiet, "capture_output": False, "stdout": subprocess.DEVNULL},
        )
        try:
            yield f"postgresql+psycopg://dermis@/postgres?host={name}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


@pytest.mark.slow
def test_two_processes_share_a_sweep_and_run_nothing_twice(storage, tmp_path):
    (tmp_path / "base.toml").write_text(TINY)
    (tmp_path / "plan.toml").write_text(PLAN)
    paths = os.pathsep.join(sys.path)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), str(tmp_path / machine), storage],
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for machine in ("one", "two")
    ]
    answers = [worker.communicate(timeout=240) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], answers
    assert [int(out.split()[-1]) for out, _ in answers] == [6, 6]  # each tells of all runs, whoever ran them
    runs = [len(list((tmp_path / machine).glob("*/result.json"))) for machine in ("one", "two")]
    assert sum(runs) == 6
    held = optuna.storages.RDBStorage(storage)
    (study,) = held.get_all_studies()
    trials = held.get_all_trials(study._study_id)
    done = [one.user_attrs["point"]["seed"] for one in trials if one.state is optuna.trial.TrialState.COMPLETE]
    assert sorted(done) == [1, 2, 3, 4, 5, 6]  # what both queued at once was run by one
    held.remove_session()
    held.engine.dispose()
