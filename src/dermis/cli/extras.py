"""What a verb says where an extra is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from dermis.errors import UsageError

__all__ = ["need_lab", "need_service"]


def need_lab() -> None:
    """Raise UsageError where the extra `lab` is not installed."""
    _need("lab", "Learning", ("torch", "lightning", "optuna", "pandas"))


def need_service() -> None:
    """Raise UsageError where the extra `service` is not installed."""
    _need("service", "The service", ("fastapi", "sqlalchemy", "alembic", "uvicorn"))


def _need(extra: str, what: str, packages: tuple[str, ...]) -> None:
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{what} needs {', '.join(missing)}, which this installation does not have.",
            advice=f"Install it with: pip install 'dermis[{extra}]'.",
        )
