"""A short look at every reader: a fixed number of inputs, the same in each run. `make fuzz` looks for longer."""

import random
import subprocess
import sys

import pytest

from dermis.formats.cubes.cube import open_cube
from fuzz.mutate import mutated
from fuzz.targets import CASES, TARGETS

INPUTS = {"photo": 250, "mask": 200, "table": 250, "annotations": 500, "cube header": 400, "cube array": 400}
"""So many take together about a minute on two slow cores; the hdf5 readers start another process where one dies."""
OTHERS = 60


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.filterwarnings("ignore")
def test_mutated_seeds_are_read_or_refused(target):
    chance = random.Random(f"dermis {target.name}")
    assert target.seeds
    for _ in range(INPUTS.get(target.name, OTHERS)):
        seed = chance.choice(target.seeds)
        target.try_input(mutated(seed.read_bytes(), chance), seed.suffix.lower())


def test_each_seed_is_read_or_refused():
    for target in TARGETS:
        if target.name != "cube hdf5":  # its hangs are tested with the cases
            for seed in target.seeds:
                target.try_input(seed.read_bytes(), seed.suffix.lower())


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_reading_what_claims_much_takes_little():
    script = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fuzz.targets import CASES, TARGETS
for folder in ("05-wrong-kind-cubes", "06-wrong-kind-tables", "09-photo-bombs", "17-tiff-strips"):
    for path in sorted((CASES / "hostile" / folder).iterdir()):
        for target in TARGETS:
            if path.suffix.lower() in target.endings:
                target.try_input(path.read_bytes(), path.suffix.lower())
# The peak of this program alone: `ru_maxrss` would begin with that of the process that started it.
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(CASES.parents[1])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout.split()[-1]) < 1_500_000  # kilobytes


def test_the_reader_of_hdf5_may_die_and_this_process_lives():
    for path in sorted((CASES / "hostile" / "03-mat5-segfault").iterdir()):
        with pytest.raises(Exception, match="damaged"):
            open_cube(path)
