"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TABLES = (
    "account",
    "key",
    "login",
    "passkey",
    "challenge",
    "subject",
    "consent",
    "visit",
    "device",
    "analysis",
    "finding",
    "photo",
    "job",
    "job_item",
    "feedback",
    "idempotent_request",
    "audit_entry",
)
"""In the order they are made; references point to earlier ones."""


def upgrade() -> None:
    """Make the tables."""
    _accounts()
    _subjects()
    _analyses()
    _jobs()
    _others()


def downgrade() -> None:
    """Drop the tables and all that is in them."""
    for table in reversed(_TABLES):
        op.drop_table(table)


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )
    op.create_table(
        "key",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_key_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_key"),
        sa.UniqueConstraint("key_hash", name="uq_key_key_hash"),
    )
    op.create_index("ix_key_account_id", "key", ["account_id"])
    op.create_table(
        "login",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_login_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_login"),
        sa.UniqueConstraint("token_hash", name="uq_login_token_hash"),
    )
    op.create_index("ix_login_account_id", "login", ["account_id"])
    op.create_index("ix_login_expires_at", "login", ["expires_at"])
    op.create_table(
        "passkey",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(length=400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_passkey_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_passkey"),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
    )
    op.create_index("ix_passkey_account_id", "passkey", ["account_id"])
    op.create_table(
        "challenge",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_challenge"),
    )
    op.create_index("ix_challenge_expires_at", "challenge", ["expires_at"])


def _subjects() -> None:
    op.create_table(
        "subject",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("pseudonym", sa.String(length=100), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("audit_token", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_subject_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_subject"),
        sa.UniqueConstraint("account_id", "pseudonym", name="uq_subject_account_id"),
    )
    op.create_index("ix_subject_account_id", "subject", ["account_id"])
    op.create_table(
        "consent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_consent_subject_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_subject_id", "consent", ["subject_id"])
    op.create_table(
        "visit",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_visit_subject_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_visit"),
    )
    op.create_index("ix_visit_subject_id", "visit", ["subject_id"])


def _analyses() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("make", sa.String(length=100), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("make", "model", name="uq_device_make"),
    )
    op.create_table(
        "analysis",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=True),
        sa.Column("device_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("usable", sa.Boolean(), nullable=False),
        sa.Column("view", sa.String(length=20), nullable=True),
        sa.Column("condition", sa.String(length=20), nullable=True),
        sa.Column("dermis", sa.String(length=40), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("maps", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_analysis_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_analysis_device_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_analysis_visit_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_analysis"),
    )
    op.create_index("ix_analysis_account_id", "analysis", ["account_id"])
    op.create_index("ix_analysis_created_at", "analysis", ["created_at"])
    op.create_index("ix_analysis_device_id", "analysis", ["device_id"])
    op.create_index("ix_analysis_visit_id", "analysis", ["visit_id"])
    op.create_table(
        "finding",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("analysis_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(length=40), nullable=False),
        sa.Column("region", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.Column("label", sa.String(length=80), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("level", sa.Double(), nullable=True),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["analysis_id"], ["analysis.id"], name="fk_finding_analysis_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_finding"),
    )
    op.create_index("ix_finding_analysis_id", "finding", ["analysis_id"])
    op.create_index("ix_finding_task_region", "finding", ["task", "region"])
    op.create_table(
        "photo",
        sa.Column("analysis_id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["analysis_id"], ["analysis.id"], name="fk_photo_analysis_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_photo_subject_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("analysis_id", name="pk_photo"),
    )
    op.create_index("ix_photo_subject_id", "photo", ["subject_id"])


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("visit_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_job_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_job_visit_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_account_id", "job", ["account_id"])
    op.create_index("ix_job_state", "job", ["state"])
    op.create_index("ix_job_visit_id", "job", ["visit_id"])
    op.create_table(
        "job_item",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("analysis_id", sa.String(length=32), nullable=True),
        sa.Column("problem", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["analysis_id"], ["analysis.id"], name="fk_job_item_analysis_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_job_item_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "position", name="pk_job_item"),
    )
    op.create_index("ix_job_item_analysis_id", "job_item", ["analysis_id"])


def _others() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("analysis_id", sa.String(length=32), nullable=True),
        sa.Column("task", sa.String(length=40), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("product", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_feedback_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["analysis_id"], ["analysis.id"], name="fk_feedback_analysis_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_account_id", "feedback", ["account_id"])
    op.create_index("ix_feedback_analysis_id", "feedback", ["analysis_id"])
    op.create_table(
        "idempotent_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("made_id", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_idempotent_request_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.id"], name="fk_idempotent_request_subject_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_idempotent_request"),
        sa.UniqueConstraint("account_id", "idempotency_key", name="uq_idempotent_request_account_id"),
    )
    op.create_index("ix_idempotent_request_account_id", "idempotent_request", ["account_id"])
    op.create_index("ix_idempotent_request_created_at", "idempotent_request", ["created_at"])
    op.create_index("ix_idempotent_request_subject_id", "idempotent_request", ["subject_id"])
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject_token", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_account_id", "audit_entry", ["account_id"])
