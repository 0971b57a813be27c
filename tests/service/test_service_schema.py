"""Requests made up from the OpenAPI description: no fault of ours, no answer that the description does not know."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import checks
from schemathesis.core.control import SkipTest

from dermis.service.api.run import make_app
from dermis.service.store import accounts
from fakes.services import serve
from fakes.stores import fill

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
MADE_UP = settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def faults_of(operation, mode, headers, known):
    """What is wrong with the answers of one path; where requests are valid, half of them name things that are there."""

    @MADE_UP
    @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
    def ask(case, real):
        if real and mode is schemathesis.GenerationMode.POSITIVE:
            case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
        case.call_and_validate(headers=headers, checks=CHECKS)

    try:
        ask()
    except (SkipTest, Unsatisfiable):  # nothing about this path can be wrong
        return []
    except BaseExceptionGroup as fault:
        return [f"{operation.method} {operation.path}: {one}" for one in fault.exceptions]
    return []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["positive", "negative"])
def test_every_path_keeps_to_its_description(sqlite, photo_keys, kind):
    made = fill(sqlite)
    known = {"subject_id": made.subject, "visit_id": made.visit, "analysis_id": made.analysis, "job_id": made.job}
    known["person_id"] = made.person
    with sqlite.writing() as session:
        key = accounts.add_key(session, made.account, "all", accounts.SCOPES)[1]
    schema = schemathesis.openapi.from_asgi("/openapi.json", make_app(serve(sqlite, photo_keys)))
    faults = []
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in sorted(operations, key=lambda operation: operation.method == "delete"):
        if operation.path.endswith("/events"):
            continue  # a stream of a job that nobody works on does not end
        faults += faults_of(operation, schemathesis.GenerationMode(kind), {"Authorization": f"Bearer {key}"}, known)
    assert faults == [], "\n".join(faults)
