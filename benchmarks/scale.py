"""What a batch costs on 1, 10, 100 and 1000 cores: stages measured here, a formula, and a simulation beside it.

python benchmarks/scale.py [PHOTO ...]     without photos, the examples of `dermis demo`

The processor seconds of each stage are measured, so that a busy machine changes little. The formula adds them up; the
simulation lets shards, workers that die and the one process that hands out and assembles meet event by event.
Prices, storage and how often machines die are assumptions, named in `Assumed`.
"""

import heapq
import re
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import numpy as np

from dermis.pipeline.analyse import analyse_file
from dermis.pipeline.batch import example_photos
from dermis.pipeline.batch_photos import BatchInput, BatchPhoto
from dermis.pipeline.batch_shard import Asked, ShardJob, _as_row, _written
from dermis.pipeline.batch_table import write_tables
from dermis.pipeline.options import AS_IT_COMES
from dermis.settings import one_thread

TURNS = 3
ASSEMBLED = 2000


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Processor seconds and bytes: of a start, of each photo measured, of one photo in the assembly of the tables."""

    start_s: float
    service_s: np.ndarray
    assemble_s: float
    photo_bytes: float
    shard_bytes: float
    table_bytes: float


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What cannot be measured here."""

    shard: int = 32
    cores_a_machine: int = 16
    machine_life_h: float = 24.0
    replaced_s: float = 120.0
    hand_out_s: float = 0.005
    read_gb_a_s: float = 2.0
    core_hour: float = 0.04
    gb_month: float = 0.023


def measure(photos):
    """Return what this machine takes; the first photo of a process carries its start."""
    with one_thread():
        begin = process_time()
        analyse_file(photos[0])
        start_s = process_time() - begin
        service_s, analyses = [], []
        for photo in photos * TURNS:
            begin = process_time()
            analyses.append(analyse_file(photo))
            service_s.append(process_time() - begin)
    usable = next(one for one in analyses if one.findings)
    with tempfile.TemporaryDirectory() as name:
        assemble_s, shard_bytes, table_bytes = assembled(usable, Path(name))
    return Measured(
        start_s=max(0.0, start_s - float(np.mean(service_s))),
        service_s=np.array(service_s),
        assemble_s=assemble_s,
        photo_bytes=float(np.mean([photo.stat().st_size for photo in photos])),
        shard_bytes=shard_bytes,
        table_bytes=table_bytes,
    )


def assembled(analysis, folder):
    """Return processor seconds a photo for the tables, and bytes a photo in shards and tables."""
    asked = Asked(options=AS_IT_COMES, shards=str(folder / "shards"))
    Path(asked.shards).mkdir()
    draw = np.random.default_rng(0)
    photos = tuple(BatchPhoto(path=f"visit/{place:06d}.jpg", size=1, state="") for place in range(ASSEMBLED))
    for start in range(0, ASSEMBLED, Assumed.shard):
        part = photos[start : start + Assumed.shard]
        rows = [_scattered(_as_row(one, replace(analysis, path=one.path)), draw) for one in part]
        _written(ShardJob(asked=asked, photos=part), rows)
    begin = process_time()
    tables = write_tables(BatchInput(photos=photos, root="visit"), Path(asked.shards), folder / "t.parquet")
    took = process_time() - begin
    shards = sum(path.stat().st_size for path in Path(asked.shards).iterdir())
    held = tables.findings.stat().st_size + tables.photos.stat().st_size
    return took / ASSEMBLED, shards / ASSEMBLED, held / ASSEMBLED


def _scattered(row, draw):
    """Return a row with other numbers: equal ones would pack better than those of different faces."""

    def other(held):
        if isinstance(held, float):
            return held + float(draw.integers(1000)) / 1000
        if isinstance(held, str) and held.startswith(("{", "[")):
            return re.sub(r"\d\.\d+", lambda found: f"{draw.random() * 10:.{len(found[0]) - 2}f}", held)
        return held

    findings = [{name: other(held) for name, held in finding.items()} for finding in row["findings"]]
    quality = [(name, other(held)) for name, held in row["quality"]]
    return {**row, "findings": findings, "quality": quality, "sha256": draw.bytes(32).hex()}


def formula(measured, assumed, cores, photos):
    """Return the hours of a batch: the slowest of cores, storage and the one who hands out; then the assembly."""
    work_s = measured.start_s + photos * float(measured.service_s.mean()) / cores
    read_s = photos * measured.photo_bytes / (assumed.read_gb_a_s * 1e9)
    hand_s = photos / assumed.shard * assumed.hand_out_s
    return (max(work_s, read_s, hand_s) + photos * measured.assemble_s) / 3600


def simulate(measured, assumed, cores, photos, seed=0):
    """Return the hours of a batch, and the share of shards that were done again, event by event.

    A worker asks for a shard, waits its turn at the one who hands out and at the storage, works, and asks again.
    Machines die at random with all their shards, which others take, and come back.
    """
    draw = np.random.default_rng(seed)
    left, lost = -(-photos // assumed.shard), 0
    total = left
    read_s = assumed.shard * measured.photo_bytes / (assumed.read_gb_a_s * 1e9)
    machines = -(-cores // assumed.cores_a_machine)
    dies = draw.exponential(assumed.machine_life_h * 3600, machines)
    events = [(measured.start_s, worker) for worker in range(cores)]
    heapq.heapify(events)
    handing, reading, end = 0.0, 0.0, 0.0
    while events and left:
        now, worker = heapq.heappop(events)
        machine = worker // assumed.cores_a_machine
        while dies[machine] + assumed.replaced_s < now:
            dies[machine] += assumed.replaced_s + draw.exponential(assumed.machine_life_h * 3600)
        handing = max(handing, now) + assumed.hand_out_s
        reading = max(reading, handing) + read_s
        done = reading + float(draw.choice(measured.service_s, assumed.shard).sum())
        if now <= dies[machine] < done:
            lost += 1
            heapq.heappush(events, (dies[machine] + assumed.replaced_s + measured.start_s, worker))
            continue
        left -= 1
        end = max(end, done)
        heapq.heappush(events, (done, worker))
    return (end + photos * measured.assemble_s) / 3600, lost / total


def tell(measured, assumed):
    """Print the measured stages and the table."""
    mean = float(measured.service_s.mean())
    print(f"Start of a process {measured.start_s:.1f} s; a photo {mean:.2f} s (5th to 95th percentile "
          f"{np.percentile(measured.service_s, 5):.2f} to {np.percentile(measured.service_s, 95):.2f}, "
          f"n = {len(measured.service_s)}); its row in the tables {1000 * measured.assemble_s:.2f} ms.")  # fmt: skip
    print(f"A photo {measured.photo_bytes / 1e6:.1f} MB; of it in shards {measured.shard_bytes / 1e3:.1f} kB, "
          f"in tables {measured.table_bytes / 1e3:.1f} kB.")  # fmt: skip
    print("\n| cores | photos a day | a million takes | simulated | done again | of ideal | a million costs |")
    print("|---|---|---|---|---|---|---|")
    for cores in (1, 10, 100, 1000):
        photos = min(1_000_000, 20_000 * cores)
        hours, again = simulate(measured, assumed, cores, photos)
        hours *= 1_000_000 / photos
        told = formula(measured, assumed, cores, 1_000_000)
        ideal = 1e6 * mean / cores / 3600
        print(f"| {cores} | {24e6 / hours:,.0f} | {told:,.1f} h | {hours:,.1f} h | {100 * again:.2f} % "
              f"| {ideal / hours:.2f} | {hours * cores * assumed.core_hour:,.0f} USD |")  # fmt: skip
    tables, kept = 1e6 * measured.table_bytes / 1e9, 1e6 * measured.photo_bytes / 1e9
    print(f"\nA million photos: {kept / 1e3:.1f} TB to keep "
          f"({kept * assumed.gb_month:,.0f} USD a month), tables {tables:.1f} GB.")  # fmt: skip
    print(f"Bounds: storage {assumed.read_gb_a_s * 1e9 / measured.photo_bytes * mean:,.0f} cores, "
          f"handing out {assumed.shard * mean / assumed.hand_out_s:,.0f} cores, "
          f"assembly as long as the work from {mean / measured.assemble_s:,.0f} cores on.")  # fmt: skip


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        tell(measure([Path(one) for one in sys.argv[1:]] or example_photos(Path(name))), Assumed())
