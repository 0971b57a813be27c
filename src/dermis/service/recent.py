"""What the last analyses were made from, in memory alone and for a short while: photos, maps, reports."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import Lock
from time import monotonic

from dermis.service.measure import Asked, Measured

__all__ = ["KEPT_S", "Held", "Recent"]

KEPT_S = 30 * 60.0
MOST_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One analysis with its photo; `until` is a time of the clock of `Recent`."""

    asked: Asked
    measured: Measured
    report: bytes | None = None
    until: float = 0.0

    @property
    def size(self) -> int:
        """Bytes, about."""
        return self.asked.size + self.measured.size + len(self.report or b"")


class Recent:
    """The last analyses by their id; the oldest go first when memory is short."""

    def __init__(
        self, *, most_bytes: int = MOST_BYTES, kept_s: float = KEPT_S, clock: Callable[[], float] = monotonic
    ) -> None:
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._bytes = 0
        self._most_bytes = most_bytes
        self._kept_s = kept_s
        self._clock = clock
        self._lock = Lock()

    def put(self, analysis_id: str, held: Held) -> None:
        """Hold an analysis for a while."""
        with self._lock:
            self._drop(analysis_id)
            held = replace(held, until=self._clock() + self._kept_s)
            self._held[analysis_id] = held
            self._bytes += held.size
            self._drop_old()

    def get(self, analysis_id: str) -> Held | None:
        """Return an analysis that is still held."""
        with self._lock:
            self._drop_old()
            return self._held.get(analysis_id)

    def seconds_left(self, analysis_id: str) -> float | None:
        """Return how long an analysis will be held at most."""
        held = self.get(analysis_id)
        return None if held is None else held.until - self._clock()

    def add_report(self, analysis_id: str, report: bytes) -> None:
        """Hold the report of an analysis that is held."""
        with self._lock:
            held = self._held.get(analysis_id)
            if held is not None:
                self._held[analysis_id] = replace(held, report=report)
                self._bytes += len(report) - len(held.report or b"")
                self._drop_old()

    def forget(self, analysis_ids: Iterable[str]) -> None:
        """Let go of analyses at once."""
        with self._lock:
            for analysis_id in analysis_ids:
                self._drop(analysis_id)

    def _drop_old(self) -> None:
        moment = self._clock()
        while self._held:
            oldest = next(iter(self._held))
            if self._bytes <= self._most_bytes and self._held[oldest].until > moment:
                return
            self._drop(oldest)

    def _drop(self, analysis_id: str) -> None:
        held = self._held.pop(analysis_id, None)
        if held is not None:
            self._bytes -= held.size
