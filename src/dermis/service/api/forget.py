"""After a deletion: nothing of it is left in memory or in the files of SQLite."""

from __future__ import annotations

from collections.abc import Iterable

from dermis.service.api.service import Service
from dermis.service.store.erase import empty_log

__all__ = ["forget_deleted"]


def forget_deleted(service: Service, analysis_ids: Iterable[str]) -> None:
    """Let go of deleted analyses, and cut the database's log."""
    service.recent.forget(analysis_ids)
    empty_log(service.database)
