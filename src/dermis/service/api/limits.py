"""How often somebody may ask: a bucket that fills with time and empties with requests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic

from dermis.errors import DermisError

__all__ = ["Limits", "TooManyRequests"]

_MOST_BUCKETS = 10_000


class TooManyRequests(DermisError):
    """Somebody asked too often; `retry_after_s` says when to come back."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("Too many requests.", advice=f"Try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class Limits:
    """Buckets by name, in this process; the ones not used for longest are forgotten."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._clock = clock
        self._lock = Lock()

    def take(self, name: str, per_minute: int) -> None:
        """Count one request; a minute's worth may come at once. `per_minute` 0: no limit. Raises TooManyRequests."""
        if per_minute <= 0:
            return
        with self._lock:
            moment = self._clock()
            left, since = self._buckets.pop(name, (float(per_minute), moment))
            left = min(float(per_minute), left + (moment - since) * per_minute / 60)
            allowed = left >= 1
            self._buckets[name] = (left - 1 if allowed else left, moment)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        if not allowed:
            raise TooManyRequests(max(1, round((1 - left) * 60 / per_minute)))
