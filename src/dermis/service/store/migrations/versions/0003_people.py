"""What several photos of a visit say together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_person_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_person_visit_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_index("ix_person_account_id", "person", ["account_id"])
    op.create_index("ix_person_visit_id", "person", ["visit_id"])
    op.create_index("ix_person_created_at", "person", ["created_at"])
    op.create_table(
        "person_photo",
        sa.Column("analysis_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analysis.id"], name="fk_person_photo_analysis_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_person_photo_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("analysis_id", name="pk_person_photo"),
    )
    op.create_index("ix_person_photo_person_id", "person_photo", ["person_id"])


def downgrade() -> None:
    """Drop the tables; the analyses of the photos stay."""
    op.drop_table("person_photo")
    op.drop_table("person")
