"""The shapes of JSON bodies and answers, as OpenAPI tells them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "AnalysisShape",
    "AnalysisSummary",
    "AuditShape",
    "CareAsked",
    "CareShape",
    "ChangeShape",
    "ConsentAsked",
    "ConsentShape",
    "Credential",
    "FeedbackAsked",
    "FeedbackShape",
    "FindingShape",
    "HealthShape",
    "Id",
    "JobShape",
    "KeyAsked",
    "KeyMadeShape",
    "KeyShape",
    "Listed",
    "LoginAsked",
    "PersonShape",
    "PixelShape",
    "SessionShape",
    "SubjectAsked",
    "SubjectShape",
    "TaskShape",
    "UserAsked",
    "VisitAsked",
    "VisitShape",
]

_T = TypeVar("_T")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("It holds characters that cannot be printed.")
    return text


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("It holds the character NUL.")
    return text


IdText = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_printable)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(_no_nul)]
ScopeName = Literal["read", "write", "analyse", "insights", "admin"]
Purpose = Literal["keep_photos", "research"]


class Asked(BaseModel):
    """A body; a field that is not known is refused, so that a slip of the pen does not go unseen."""

    model_config = ConfigDict(extra="forbid")


class Listed(BaseModel, Generic[_T]):
    """A piece of a list."""

    items: list[_T]
    next: str | None


class UserAsked(Asked):
    """A new user."""

    name: Name
    password: Annotated[str, StringConstraints(min_length=12, max_length=200)]


class LoginAsked(Asked):
    """A user's name and password."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_no_nul)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Credential(BaseModel):
    """A credential as the browser's `PublicKeyCredential.toJSON` gives it."""

    model_config = ConfigDict(extra="allow")
    id: Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_printable)]
    rawId: str  # noqa: N815 -- WebAuthn's own name
    response: dict[str, Any]
    type: Literal["public-key"]


class SessionShape(BaseModel):
    """Where the asker stands."""

    signed_in: bool
    login_required: bool
    name: str | None
    methods: list[str]
    first_user: bool
    scopes: list[str]


class KeyAsked(Asked):
    """A new key; `account`: the name of another account, made where there is none."""

    name: Name
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=5)]
    account: Name | None = None


class KeyShape(BaseModel):
    """A key, without the key itself."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: str
    revoked_at: str | None


class KeyMadeShape(KeyShape):
    """A new key; `key` is shown this once."""

    key: str


class SubjectAsked(Asked):
    """A new subject. Give a pseudonym, never a name."""

    pseudonym: Name
    birth_year: Annotated[int, Field(ge=1900, le=2100)] | None = None


class ConsentAsked(Asked):
    """What a subject agrees to."""

    purpose: Purpose


class ConsentShape(BaseModel):
    """What a subject agreed to."""

    purpose: str
    given_at: str
    withdrawn_at: str | None


class SubjectShape(BaseModel):
    """A subject."""

    id: str
    pseudonym: str
    birth_year: int | None
    created_at: str
    consents: list[ConsentShape]
    visits: int


class VisitAsked(Asked):
    """A new visit."""

    date: date


class VisitShape(BaseModel):
    """A visit."""

    id: str
    subject: str
    date: str
    created_at: str
    analyses: list[str]
    people: list[str]


class FindingShape(BaseModel):
    """A finding of a visit."""

    analysis: str
    visit: str
    date: str
    view: str | None
    task: str
    region: str
    value: float | None
    unit: str | None
    label: str | None
    labels: list[str]
    interval: list[float] | None
    level: float | None
    mdc: float | None
    condition: str | None
    model: str
    model_sha256: str | None
    usable: bool


class AnalysisShape(BaseModel):
    """An analysis: the object of `dermis analyse --json`, and where it stands."""

    model_config = ConfigDict(extra="allow")
    id: str
    created_at: str
    visit: str | None
    subject: str | None
    photo_kept: bool
    pictures_until: str | None
    maps: list[dict[str, Any]]
    quality: dict[str, Any]
    findings: list[dict[str, Any]]


class AnalysisSummary(BaseModel):
    """An analysis in a list."""

    id: str
    created_at: str
    visit: str | None
    subject: str | None
    usable: bool
    view: str | None
    photo_kept: bool


class ViewShape(BaseModel):
    """One of several photos: what it is called, its analysis, and the side that was seen."""

    name: str
    analysis: str
    view: str | None
    usable: bool


class PersonShape(BaseModel):
    """What several photos say together: the object of `dermis analyse --person --json`, and where it stands."""

    model_config = ConfigDict(extra="allow")
    id: str
    created_at: str
    visit: str | None
    subject: str | None
    usable: bool
    views: list[ViewShape]
    notes: list[str]
    photos: list[str]
    findings: list[dict[str, Any]]


class PixelShape(BaseModel):
    """What was measured at a pixel."""

    region: str | None
    left_out: str | None
    values: dict[str, float]
    spectrum: dict[str, list[float]] | None


class ChangeShape(BaseModel):
    """What changed between two photos of a subject."""

    model_config = ConfigDict(extra="allow")
    before: str
    after: str
    days: int | None
    findings: list[dict[str, Any]]
    lesions: dict[str, Any] | None
    lesions_reason: str | None
    taken_alike: bool


class JobShape(BaseModel):
    """A job."""

    id: str
    state: str
    total: int
    done: int
    failed: int
    created_at: str
    items: list[dict[str, Any]]


class CareAsked(Asked):
    """Whom advice is for."""

    analysis: IdText
    person: dict[str, Any] | None = None


class CareShape(BaseModel):
    """Advice, and the questions whose answers would change it."""

    items: list[dict[str, Any]]
    questions: list[dict[str, Any]]


class ProductAsked(Asked):
    """What a user says of a product; nothing of it is told to its maker but in totals of many."""

    product: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    rule: Name | None = None
    bought: bool | None = None
    used_days: Annotated[int, Field(ge=0, le=36500)] | None = None
    tolerated: bool | None = None
    helped: bool | None = None


class FeedbackAsked(Asked):
    """What a user says of an answer."""

    analysis: IdText | None = None
    task: Name | None = None
    rating: Annotated[int, Field(ge=-1, le=1)] | None = None
    text: Text
    product: ProductAsked | None = None


class FeedbackShape(BaseModel):
    """What a user said."""

    id: str
    created_at: str
    analysis: str | None
    task: str | None
    rating: int | None
    text: str
    product: dict[str, Any] | None


class AuditShape(BaseModel):
    """An entry of the audit trail; `subject` is a random token."""

    at: str
    account: str
    action: str
    subject: str | None


class TaskShape(BaseModel):
    """A task's record."""

    model_config = ConfigDict(extra="allow")
    name: str
    title: str


class HealthShape(BaseModel):
    """How the service is."""

    status: str
    version: str
    store: str
    workers: int
    waiting: int
    photos_can_be_kept: bool
