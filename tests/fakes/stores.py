"""A store with something of everything in it."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

from dermis.service.store import accounts, analyses, feedback, jobs, subjects
from fakes.measuring import fake_content, photo

__all__ = ["fill"]


def fill(database, *, account="anna", pseudonym="Zebra-pseudonym-77"):
    """One subject with a visit, an analysis, a kept photo, feedback, a job and a request; return their ids."""
    with database.writing() as session:
        owner = accounts.add_user(session, account, "correct horse battery")
        accounts.add_key(session, owner.id, "app", ["read"])
        accounts.login(session, owner.id)
        accounts.add_passkey(session, owner.id, f"credential of {account}", b"public", 1)
        accounts.add_challenge(session, b"challenge")
        subject = subjects.add_subject(session, owner.id, pseudonym, 1990)
        subjects.give_consent(session, owner.id, subject.id, "keep_photos")
        visit = subjects.add_visit(session, owner.id, subject.id, date(2026, 11, 1))
        analysis = analyses.add_analysis(
            session,
            owner.id,
            fake_content(photo()),
            visit_id=visit.id,
            options={},
            model_sha256={"acne": "a" * 64},
        )
        together = {"schema": "dermis.person/2", "photos": ["front"], "findings": []}
        person = analyses.add_person(session, owner.id, together, [("front", analysis.id)], visit_id=visit.id)
        analyses.add_photo(session, analysis.id, subject.id, "image/jpeg", b"sealed photo of " + pseudonym.encode())
        feedback.add_feedback(
            session, owner.id, analysis_id=analysis.id, task=None, rating=1, text=f"Said of {pseudonym}."
        )
        job = jobs.add_job(session, owner.id, visit_id=visit.id, photos=2, process="p")
        jobs.set_item(session, job.id, 0, "done", analysis_id=analysis.id)
        jobs.keep(
            session, owner.id, "key", fingerprint="f" * 64, kind="analysis", made_id=analysis.id, subject_id=subject.id
        )
        return SimpleNamespace(
            account=owner.id,
            subject=subject.id,
            token=subject.audit_token,
            visit=visit.id,
            analysis=analysis.id,
            person=person.id,
            job=job.id,
        )
