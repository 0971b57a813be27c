"""Fuzz the readers for as long as one likes: `make fuzz SECONDS=600`, or `python tests/fuzz/run.py 600 TARGET...`.

Where atheris is installed (`pip install atheris`), `--atheris TARGET` lets it guide the mutations by coverage.
"""

from __future__ import annotations

import random
import sys
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from fuzz.mutate import mutated
from fuzz.targets import TARGETS, Target

SLOW_S = 5.0


def main(arguments: list[str]) -> int:
    """Fuzz the named targets in turn, all for none; return 1 where one failed."""
    if arguments[:1] == ["--atheris"]:
        return _guided(next(target for target in TARGETS if target.name == arguments[1]))
    seconds = float(arguments[0]) if arguments else 60.0
    chosen = [target for target in TARGETS if target.name in arguments[1:]] or list(TARGETS)
    failed = Path("fuzz-failures")
    counts = {target.name: [0, 0] for target in chosen}
    chance = random.Random()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for target in chosen:
            _once(target, chance, counts[target.name], failed)
    for name, (inputs, faults) in counts.items():
        print(f"{name}: {inputs} inputs, {faults} faults")
    return int(any(faults for _, faults in counts.values()))


def _once(target: Target, chance: random.Random, count: list[int], failed: Path) -> None:
    seed = chance.choice(target.seeds)
    data = mutated(seed.read_bytes(), chance)
    start = time.process_time()
    count[0] += 1
    try:
        target.try_input(data, seed.suffix.lower())
        fault = "" if time.process_time() - start < SLOW_S else "slow"
    except Exception as error:  # noqa: BLE001 -- what is looked for
        traceback.print_exc()
        fault = type(error).__name__
    if fault:
        count[1] += 1
        failed.mkdir(exist_ok=True)
        name = f"{target.name.replace(' ', '-')}-{fault}-{count[1]}{seed.suffix.lower()}"
        (failed / name).write_bytes(data)
        print(f"kept {failed / name}")


def _guided(target: Target) -> int:
    import atheris

    def try_input(data: bytes) -> None:
        ending = target.endings[data[0] % len(target.endings)] if data else target.endings[0]
        target.try_input(data[1:], ending)

    atheris.instrument_all()
    atheris.Setup([sys.argv[0]], try_input)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main(sys.argv[1:]))
