"""All that is kept of a subject, as one archive for them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from dermis.errors import NotFound
from dermis.service.photo_keys import PhotoKeys, unseal
from dermis.service.store import analyses, subjects
from dermis.service.store.database import Session
from dermis.service.store.schema import Photo, Subject

__all__ = ["subject_archive"]

_COLUMNS = ("date", "analysis", "view", "task", "region", "value", "unit", "label", "low", "high", "level", "model")
_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
_PIECE = 200


def subject_archive(session: Session, subject: Subject, keys: PhotoKeys | None) -> bytes:
    """Return a ZIP: subject.json, visits.json, findings.csv, analyses/ID.json, people/ID.json, photos/ID.jpg.

    Photos are decrypted. A photo whose key is not here is named in `photos/MISSING.txt`.
    """
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        archive.writestr("subject.json", _json(_subject(session, subject)))
        visits, rows, missing = [], [], []
        after = None
        while True:
            page = subjects.visits_of(session, subject.account_id, subject.id, limit=_PIECE, after=after)
            found, _ = analyses.findings_of_subject(
                session, subject.id, task=None, region=None, limit=_PIECE, after=after
            )
            rows += [_row(visit.date.isoformat(), analysis.view, finding) for finding, analysis, visit in found]
            ids = [visit.id for visit in page.items]
            of_visit, together = subjects.analyses_of_visits(session, ids), analyses.people_of_visits(session, ids)
            for visit in page.items:
                held = {"analyses": of_visit[visit.id], "people": together[visit.id]}
                visits.append({"id": visit.id, "date": visit.date.isoformat(), **held})
                for person_id in together[visit.id]:
                    person = analyses.person_of(session, subject.account_id, person_id)
                    archive.writestr(f"people/{person_id}.json", _json(person.content))
                for analysis_id in of_visit[visit.id]:
                    content = analyses.analysis_of(session, subject.account_id, analysis_id).content
                    archive.writestr(f"analyses/{analysis_id}.json", _json(content))
                    missing += _add_photo(archive, analyses.photo_of(session, analysis_id), keys)
            after = page.next
            if after is None:
                break
        archive.writestr("visits.json", _json(visits))
        archive.writestr("findings.csv", _table(rows))
        if missing:
            archive.writestr("photos/MISSING.txt", "\n".join(missing) + "\n")
    return buffer.getvalue()


def _subject(session: Session, subject: Subject) -> dict[str, Any]:
    consents = subjects.consents_of(session, [subject.id])[subject.id]
    return {
        "id": subject.id,
        "pseudonym": subject.pseudonym,
        "birth_year": subject.birth_year,
        "created_at": subject.created_at.isoformat(),
        "consents": [
            {
                "purpose": consent.purpose,
                "given_at": consent.given_at.isoformat(),
                "withdrawn_at": consent.withdrawn_at.isoformat() if consent.withdrawn_at else None,
            }
            for consent in consents
        ],
    }


def _add_photo(archive: ZipFile, photo: Photo | None, keys: PhotoKeys | None) -> list[str]:
    """Add a photo; return its analysis where its key is not here."""
    if photo is None:
        return []
    try:
        data = unseal(keys, photo.subject_id, photo.content) if keys is not None else None
    except NotFound:
        data = None
    if data is None:
        return [photo.analysis_id]
    archive.writestr(f"photos/{photo.analysis_id}{_SUFFIXES.get(photo.media_type, '')}", data)
    return []


def _row(day: str, view: str | None, finding: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- a row of the store
    values = {name: getattr(finding, name) for name in _COLUMNS if hasattr(finding, name)}
    return {**values, "date": day, "analysis": finding.analysis_id, "view": view}


def _table(rows: list[Mapping[str, Any]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
