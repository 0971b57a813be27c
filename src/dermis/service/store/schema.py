"""The tables of the store. A subject is a pseudonym; no table has a place for a name, a file name or an address."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import JSON, DateTime, ForeignKey, Index, LargeBinary, MetaData, String, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

__all__ = [
    "Account",
    "Analysis",
    "AuditEntry",
    "Base",
    "Challenge",
    "Consent",
    "Device",
    "Feedback",
    "Finding",
    "IdempotentRequest",
    "Job",
    "JobItem",
    "Key",
    "Login",
    "Passkey",
    "Person",
    "PersonPhoto",
    "Photo",
    "Subject",
    "Visit",
    "new_id",
    "now",
]


def new_id() -> str:
    """Return a random id: 32 hex characters."""
    return uuid4().hex


def now() -> datetime:
    """Return the present time in UTC, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC; SQLite, which knows no zones, gives it back with its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The type of its values."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("The store takes times with their zone.")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
_ID = String(32)


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[Any] = {
        datetime: UtcTime,
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[Any]: JSON,
        bytes: LargeBinary,
    }


def _primary() -> Mapped[str]:
    return mapped_column(_ID, primary_key=True, default=new_id)


def _owned_by(target: str, *, primary_key: bool = False) -> Mapped[str]:
    """Return a reference that goes when its target goes."""
    return mapped_column(_ID, ForeignKey(target, ondelete="CASCADE"), primary_key=primary_key, index=not primary_key)


def _perhaps(target: str, ondelete: str = "CASCADE") -> Mapped[str | None]:
    return mapped_column(_ID, ForeignKey(target, ondelete=ondelete), index=True)


class Account(Base):
    """Whose data it is: a user of the page, or a program. `local` is whoever sits at the machine."""

    __tablename__ = "account"
    id: Mapped[str] = _primary()
    name: Mapped[str] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Key(Base):
    """A key of a program; only its SHA-256 is kept, as a key is 256 random bits."""

    __tablename__ = "key"
    id: Mapped[str] = _primary()
    account_id: Mapped[str] = _owned_by("account.id")
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(12))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(default=now)
    revoked_at: Mapped[datetime | None]


class Login(Base):
    """A browser that signed in; only the SHA-256 of its cookie is kept."""

    __tablename__ = "login"
    id: Mapped[str] = _primary()
    account_id: Mapped[str] = _owned_by("account.id")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Passkey(Base):
    """A passkey of a user."""

    __tablename__ = "passkey"
    id: Mapped[str] = _primary()
    account_id: Mapped[str] = _owned_by("account.id")
    credential_id: Mapped[str] = mapped_column(String(400), unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Challenge(Base):
    """A question that a passkey has to sign, for five minutes."""

    __tablename__ = "challenge"
    id: Mapped[str] = _primary()
    value: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Subject(Base):
    """A person under a pseudonym; `audit_token` is what the audit trail calls them, by chance."""

    __tablename__ = "subject"
    __table_args__ = (UniqueConstraint("account_id", "pseudonym"),)
    id: Mapped[str] = _primary()
    account_id: Mapped[str] = _owned_by("account.id")
    pseudonym: Mapped[str] = mapped_column(String(100))
    birth_year: Mapped[int | None]
    audit_token: Mapped[str] = mapped_column(_ID, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Consent(Base):
    """What a subject agreed to; it is never changed, only withdrawn."""

    __tablename__ = "consent"
    id: Mapped[str] = _primary()
    subject_id: Mapped[str] = _owned_by("subject.id")
    purpose: Mapped[str] = mapped_column(String(40))
    given_at: Mapped[datetime] = mapped_column(default=now)
    withdrawn_at: Mapped[datetime | None]


class Visit(Base):
    """A day on which a subject was photographed."""

    __tablename__ = "visit"
    id: Mapped[str] = _primary()
    subject_id: Mapped[str] = _owned_by("subject.id")
    date: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Device(Base):
    """A model of camera, as photos name it; no serial number."""

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("make", "model"),)
    id: Mapped[str] = _primary()
    make: Mapped[str] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(String(100))


class Analysis(Base):
    """One photo's answer; `content` is what `dermis analyse --json` prints, `maps` say what there was."""

    __tablename__ = "analysis"
    id: Mapped[str] = _primary()
    account_id: Mapped[str] = _owned_by("account.id")
    visit_id: Mapped[str | None] = _perhaps("visit.id")
    device_id: Mapped[str | None] = _perhaps("device.id", "SET NULL")
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    usable: Mapped[bool]
    view: Mapped[str | None] = mapped_column(String(20))
    condition: Mapped[str | None] = mapped_column(String(20))
    dermis: Mapped[str] = mapped_column(String(40))
    models: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    content: Mapped[dict[str, Any]]
    maps: Mapped[list[Any]]


class Finding(Base):
    """One answer of an analysis, with the model that gave it and the SHA-256 of its weights."""

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_task_region", "task", "region"),)
    id: Mapped[str] = _primary()
    analysis_id: Mapped[str] = _owned_by("analysis.id")
    position: Mapped[int]
    task: Mapped[str] = mapped_column(String(40))
    region: Mapped[str] = mapped_column(String(40))
    value: Mapped[float | None]
    unit: Mapped[str | None] = mapped_column(String(40))
    label: Mapped[str | None] = mapped_column(String(80))
    low: Mapped[float | None]
    high: Mapped[float | None]
    level: Mapped[float | None]
    model: Mapped[str] = mapped_column(String(120))
    model_sha256: Mapped[str | None] = mapped_column(String(64))


class Photo(Base):
    """A photo that its subject agreed to keep, encrypted by the subject's own key."""

    __tablename__ = "photo"
    analysis_id: Mapped[str] = _owned_by("analysis.id", primary_key=True)
    subject_id: Mapped[str] = _owned_by("subject.id")
    media_type: Mapped[str] = mapped_column(String(40))
    content: Mapped[bytes]


class Person(Base):
    """What several photos of one visit say together; `content` is what `dermis analyse --person --json` prints."""

    __tablename__ = "person"
    id: Mapped[str] = _primary()
    account_id: Mapped[str] = _owned_by("account.id")
    visit_id: Mapped[str | None] = _perhaps("visit.id")
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    content: Mapped[dict[str, Any]]


class PersonPhoto(Base):
    """One of these photos, by its analysis; `name` is what it is called in `content`."""

    __tablename__ = "person_photo"
    analysis_id: Mapped[str] = _owned_by("analysis.id", primary_key=True)
    person_id: Mapped[str] = _owned_by("person.id")
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(40))


class Job(Base):
    """Many photos handed in at once; the photos themselves wait in memory alone."""

    __tablename__ = "job"
    id: Mapped[str] = _primary()
    account_id: Mapped[str] = _owned_by("account.id")
    visit_id: Mapped[str | None] = _perhaps("visit.id")
    state: Mapped[str] = mapped_column(String(20), index=True)
    process: Mapped[str] = mapped_column(_ID)
    beat_at: Mapped[datetime] = mapped_column(default=now)
    created_at: Mapped[datetime] = mapped_column(default=now)


class JobItem(Base):
    """One photo of a job."""

    __tablename__ = "job_item"
    job_id: Mapped[str] = _owned_by("job.id", primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    analysis_id: Mapped[str | None] = _perhaps("analysis.id", "SET NULL")
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Feedback(Base):
    """What a user says of an answer, or of a product: the fields of `dermis.care.Feedback` without text and subject."""

    __tablename__ = "feedback"
    id: Mapped[str] = _primary()
    account_id: Mapped[str] = _owned_by("account.id")
    analysis_id: Mapped[str | None] = _perhaps("analysis.id")
    task: Mapped[str | None] = mapped_column(String(40))
    rating: Mapped[int | None]
    text: Mapped[str] = mapped_column(Text)
    product: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(default=now)


class IdempotentRequest(Base):
    """A POST that was answered: what it made, so that a retry makes no second one.

    It goes with the subject, visit or analysis that it made; `fingerprint` is salted by the key the caller chose.
    """

    __tablename__ = "idempotent_request"
    __table_args__ = (UniqueConstraint("account_id", "idempotency_key"),)
    id: Mapped[str] = _primary()
    account_id: Mapped[str] = _owned_by("account.id")
    idempotency_key: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(20))
    made_id: Mapped[str] = mapped_column(_ID)
    subject_id: Mapped[str | None] = _perhaps("subject.id")
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)


class AuditEntry(Base):
    """What was done, when and by whom; triggers refuse to change or delete it."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(default=now)
    account_id: Mapped[str] = mapped_column(_ID, index=True)
    action: Mapped[str] = mapped_column(String(40))
    subject_token: Mapped[str | None] = mapped_column(_ID)
