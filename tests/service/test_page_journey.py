"""People at the page: a first photo, its result, a second visit, the change; on a desk and on a phone."""

from __future__ import annotations

import json
import re
import sys
from urllib.parse import urlsplit

import pytest

from dermis.service.client import Client
from fakes.browsers import DESK, PHONE, camera_film, chromium, spotted
from fakes.services import free_port, running

pytestmark = pytest.mark.slow

PERSON = "P002_studio"
FACE = (644, 530, 726, 891)
FILMED = (300, 200, 1400, 1667)
PATIENCE_MS = 40_000


@pytest.fixture(scope="module")
def portrait(models):
    from dermis.errors import ModelMissing
    from dermis.models.registry import fetch

    try:
        return fetch(PERSON)
    except ModelMissing as error:
        pytest.skip(f"the portrait cannot be fetched: {error}")


@pytest.fixture(scope="module")
def engine():
    """The engine of the camera; skips where it cannot be fetched."""
    from dermis.errors import ModelMissing
    from dermis.service.api.static import ENGINE_FILES, engine_file

    try:
        return {name: engine_file(name) for name in ENGINE_FILES}
    except ModelMissing as error:
        pytest.skip(f"the engine cannot be fetched: {error}")


@pytest.fixture(scope="module")
def browser(portrait, engine, tmp_path_factory):
    film = camera_film(portrait, FILMED, tmp_path_factory.mktemp("camera") / "face.mjpeg")
    with chromium(film, "--host-resolver-rules=MAP elsewhere.test 127.0.0.1") as browser:
        yield browser


def serving(folder, port, *further):
    """A service with the real analysis and its store in `folder`."""
    store = f"sqlite:///{folder / 'store.sqlite'}"
    asked = ["--port", str(port), "--workers", "1", "--rate", "0", "--db", store, *further]
    return running([sys.executable, "-m", "dermis", "serve", *asked], port)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One service for all that make no user."""
    port = free_port()
    with serving(tmp_path_factory.mktemp("service"), port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def address(shared):
    """The shared service, in which nobody has left anything."""
    yield shared
    client = Client(shared)
    for subject in list(client.every("/v1/subjects")):
        client.delete_subject(subject["id"])
    assert client.get("/v1/analyses")["items"] == []


@pytest.fixture
def visitor(browser, address):
    """Open a new person's browser at the page; what it asks of whom is in `page.asked`."""
    contexts = []

    def open_page(settings, at=address):
        context = browser.new_context(**settings)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.asked, page.faults = [], []
        context.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
        page.goto(at)
        page.wait_for_selector("h1")
        return page

    yield open_page
    for context in contexts:
        context.close()


def hosts(page):
    return {urlsplit(url).hostname for url in page.asked if url.startswith("http")}


def tap(page, across, down):
    """Tap a place of the photo: as shares of its width and height."""
    box = page.locator("svg.stage").bounding_box()
    page.locator("svg.stage").click(position={"x": across * box["width"], "y": down * box["height"]})


def analyse_film(page):
    """Take the photo that the camera takes by itself, keep it, and wait for the result."""
    page.locator("a[href='#/capture']").first.click()
    page.wait_for_selector(".review img")  # no click: all was well, so it was taken
    page.check(".review input[type=checkbox]")
    page.click(".review button.main")
    page.wait_for_selector(".result .sentences p")


def analyse_file(page, photo):
    page.locator("a[href='#/capture']").first.click()
    page.set_input_files(".controls input[type=file]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo})
    page.check(".review input[type=checkbox]")
    page.click(".review button.main")
    page.wait_for_selector(".result .sentences p")


@pytest.mark.parametrize(("settings", "rest_ms"), [(DESK, 75_000), (PHONE, 0)], ids=["desk", "phone"])
def test_a_new_user_sees_a_result_and_then_a_change(visitor, portrait, settings, rest_ms):
    page = visitor(settings)
    analyse_film(page)
    assert page.locator(".result .sentences p").count() >= 3
    assert "no spots" in page.inner_text(".result .sentences")
    assert re.search(r"the skin tone is [a-z ]+ to [a-z ]+(, Monk \d+–\d+)?\.", page.inner_text(".result .sentences"))
    assert page.locator(".finding").count() >= 6
    assert page.locator(".stage image").first.get_attribute("href").startswith("blob:")

    page.locator(".layers label", has_text="Melanin").click()
    page.wait_for_selector(".stage image.layer")
    tap(page, 0.41, 0.5)
    page.wait_for_selector(".tapped .facts")
    assert "Melanin" in page.inner_text(".tapped .facts")

    page.click(".top .home")
    analyse_file(page, spotted(portrait, FACE))
    assert "spots" in page.inner_text(".result .sentences")
    page.locator(".spot").first.dispatch_event("click")
    page.wait_for_selector(".tapped .facts")

    page.goto(page.url.split("#")[0] + "#/history")
    page.wait_for_selector(".curve-card")
    assert page.locator(".visits ol li").count() == 2
    page.click(".compare-form button")
    page.wait_for_selector(".compare svg")
    said = page.inner_text(".change .sentences")
    assert "New spots: " in said
    assert "New spots: 0" not in said
    assert page.locator(".ring.new").count() > 0
    slider = page.locator(".compare input[type=range]").first
    slider.fill("80")
    assert (
        float(page.locator("line.divide").get_attribute("x1"))
        > float(page.locator("#later rect").get_attribute("width")) / 2
    )

    page.wait_for_timeout(rest_ms)  # an engine that reports to its maker does so about a minute later
    assert hosts(page) == {"127.0.0.1"}
    assert page.faults == []


def test_three_views_of_one_visit_are_analysed_and_told_together(visitor, portrait, axe):
    page = visitor(DESK)
    page.locator("a[href='#/capture']").first.click()
    photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": portrait.read_bytes()}
    page.set_input_files(".controls input[type=file]", photo)
    page.click("button.add >> nth=0")
    page.wait_for_selector(".guide.left")
    page.set_input_files(".controls input[type=file]", photo)
    assert page.locator(".shots img").count() == 2
    page.click("button.add >> nth=0")
    page.wait_for_selector(".guide.right")
    page.set_input_files(".controls input[type=file]", photo)
    with page.expect_response(lambda answer: "/v1/people?visit=" in answer.url) as answered:
        page.click(".review button.main")
    assert answered.value.status == 201
    assert [view["name"] for view in answered.value.json()["views"]] == ["front", "left", "right"]
    page.wait_for_selector(".result .tabs a >> nth=2")
    assert page.inner_text(".together h2").lower() == "3 photos together"
    assert "skin tone" in page.inner_text(".together .sentences")
    page.click(".together summary")
    assert page.locator(".together tbody tr").count() >= 3
    assert grave_faults(page, axe) == []
    together = answered.value.json()["findings"]
    tone = next(found for found in together if (found["task"], found["region"]) == ("skin_tone", "face"))
    page.goto(page.url.split("#")[0] + "#/history")
    page.wait_for_selector(".curve-card")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert (
        f"{tone['value']:.1f}".rstrip("0").rstrip(".")
        in page.locator(".curve-card", has_text="tone").first.inner_text()
    )
    assert page.faults == []


def test_the_pair_by_the_light_of_the_screen_is_sent_as_a_pair(visitor):
    page = visitor({**DESK, "storage_state": None})
    page.evaluate("localStorage.setItem('dermis', JSON.stringify({automatic: false}))")
    page.locator("a[href='#/capture']").first.click()
    page.click(".round[aria-pressed]")
    page.fill("input[name=pupils]", "62.5")
    page.wait_for_selector(".checks li.ok")  # the camera runs
    page.click(".shutter")
    page.wait_for_selector(".screen-light.dark")
    page.wait_for_selector(".screen-light.bright")
    page.wait_for_selector(".review .badge")
    with page.expect_response(lambda answer: "/v1/analyses?visit=" in answer.url) as answered:
        page.click(".review button.main")
    assert answered.value.request.headers["content-type"].startswith("multipart/form-data")
    assert answered.value.url.endswith("&pupils_mm=62.5")
    assert answered.value.status in (201, 422)  # a camera that stands still gives two equal pictures: no pair
    if answered.value.status == 422:
        page.wait_for_selector("text=could not be used as a pair")
        page.click(".review button.main")
    page.wait_for_selector(".result .sentences p")


def test_another_host_without_https_gives_files_and_the_reason(browser, portrait, tmp_path):
    port = free_port()
    anna = {"name": "anna", "password": "a long pass phrase"}
    with serving(tmp_path, port):
        body = json.dumps(anna).encode()
        Client(f"http://127.0.0.1:{port}").request("POST", "/v1/users", data=body, kind="application/json")
    with serving(tmp_path, port, "--host", "0.0.0.0"):
        page = browser.new_page(**PHONE)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"http://elsewhere.test:{port}/")
        for name, words in anna.items():
            page.fill(f"input[name={name}]", words)
        page.click("button.main")
        page.locator("a[href='#/capture']").first.click()
        assert "only over https" in page.inner_text(".files")
        assert page.locator("video").count() == 0
        page.set_input_files(".files label:last-child input", str(portrait))
        page.click(".review button.main")
        page.wait_for_selector(".result .sentences p")
        page.context.close()


def test_a_place_is_read_with_the_keyboard_alone(visitor):
    page = visitor(DESK)
    analyse_film(page)
    page.focus("svg.stage")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tapped h3")


def test_a_file_that_is_no_photo_is_refused_in_words(visitor):
    page = visitor(DESK)
    page.locator("a[href='#/capture']").first.click()
    page.set_input_files(
        ".controls input[type=file]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"}
    )
    page.click(".review button.main")
    page.wait_for_selector("[role=alert]")
    assert "no photo that can be read" in page.inner_text("[role=alert]")
    page.click(".capture header a")
    page.wait_for_selector(".welcome")  # the empty visit was taken back


AXE = ("npm", "axe-core", "4.14.1", "package/axe.min.js")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The checker of accessibility, brought by npm; skips where it cannot be."""
    from dermis.models.packages import ClientFailed, fetch_package, read_member

    client, package, version, member = AXE
    try:
        archive = fetch_package(client, package, version, tmp_path_factory.mktemp("axe"))
    except ClientFailed as error:
        pytest.skip(f"axe-core cannot be fetched: {error}")
    return read_member(archive, member).decode()


def grave_faults(page, axe):
    """What is serious or critical for people who see, hear or move otherwise."""
    page.evaluate(axe)
    found = page.evaluate("(rules) => axe.run(document, rules)", RULES)["violations"]
    grave = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:120]}" for fault in grave]


@pytest.mark.parametrize("settings", [DESK, PHONE], ids=["desk", "phone"])
def test_no_view_has_a_serious_fault_of_accessibility(visitor, portrait, axe, settings):
    page = visitor(settings)
    faults = {}

    def check(view):
        faults[view] = grave_faults(page, axe)

    check("welcome")
    page.evaluate("localStorage.setItem('dermis', JSON.stringify({automatic: false}))")
    page.locator("a[href='#/capture']").first.click()
    page.wait_for_selector(".checks li.ok")
    check("camera")
    page.click(".capture header a")
    for number in range(2):
        analyse_file(page, portrait.read_bytes() if number else spotted(portrait, FACE))
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        check(f"result {number}")
        page.goto(page.url.split("#")[0] + "#/")
        page.wait_for_selector(".known")
    check("home")
    for view, sign in (("history", ".curve-card"), ("settings", ".settings select")):
        page.goto(page.url.split("#")[0] + f"#/{view}")
        page.wait_for_selector(sign)
        check(view)
    page.goto(page.url.split("#")[0] + "#/history")
    page.click(".compare-form button")
    page.wait_for_selector(".compare svg")
    check("change")
    assert not any(faults.values()), faults


AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_where_a_user_was_made_others_have_to_sign_in(visitor, tmp_path):
    port = free_port()
    with serving(tmp_path, port):
        address = f"http://localhost:{port}/"  # a passkey belongs to a name, never to an address of numbers
        owner = visitor(DESK, address)
        browser_of_owner = owner.context.new_cdp_session(owner)
        browser_of_owner.send("WebAuthn.enable")
        made = browser_of_owner.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        owner.goto(f"{address}#/settings")
        owner.fill("input[name=name]", "anna")
        owner.fill("input[name=password]", "a long pass phrase")
        owner.click("form button[type=submit]")
        owner.wait_for_selector("text=You are anna.")
        owner.click("text=Add a passkey of this device")
        owner.wait_for_selector("text=The passkey is added.")
        held = browser_of_owner.send("WebAuthn.getCredentials", made)["credentials"]
        assert [key["rpId"] for key in held] == ["localhost"]

        owner.click("text=Sign out")
        owner.wait_for_selector("input[name=password]")
        owner.click("text=Use a passkey")
        owner.wait_for_selector(".welcome")
        owner.goto(f"{address}#/settings")
        owner.wait_for_selector("text=You are anna.")
        assert browser_of_owner.send("WebAuthn.getCredentials", made)["credentials"][0]["signCount"] > 0

        other = visitor(PHONE, address)
        other.fill("input[name=name]", "anna")
        other.fill("input[name=password]", "another pass phrase")
        other.click("button.main")
        other.wait_for_selector("[role=alert]")
        other.fill("input[name=password]", "a long pass phrase")
        other.click("button.main")
        other.wait_for_selector(".welcome")


def test_the_page_opens_without_a_network_and_says_that_the_service_is_away(visitor):
    page = visitor(DESK)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_selector(".welcome")
    page.reload()
    page.wait_for_selector(".welcome")
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("[role=alert]")
    assert "does not answer" in page.inner_text("[role=alert]")


def test_german_speakers_read_german(visitor):
    page = visitor({**DESK, "locale": "de-AT"})
    assert page.get_attribute("html", "lang") == "de"
    assert "Foto aufnehmen" in page.inner_text(".welcome")
