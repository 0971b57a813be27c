"""What alembic runs: the connection comes from `dermis.service.store.migrate`."""

from __future__ import annotations

from alembic import context

from dermis.service.store.schema import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
context.run_migrations()
