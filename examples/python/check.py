"""What this example promises, checked against mocks:
python check.py retool_lifecycle.wasm URL THROTTLING-URL FAILING-URL SLOW-URL
"""

import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

from wasmtime.component import Variant

from retool import Organisation, Plugin, RetoolError

component, mock, throttling, failing, slow = sys.argv[1:]
plugin = Plugin(component)
TOKEN, SCIM_TOKEN = "one", "two"
TYPES = Path(__file__).parents[2] / "wit" / "types.wit"


def organisation(base_url=mock, dialect="v1", token=TOKEN, **settings):
    tokens = {"RETOOL_API_TOKEN": token, "RETOOL_SCIM_TOKEN": SCIM_TOKEN}
    return Organisation(plugin, {"base_url": base_url, "dialect": dialect}, tokens | settings)


def person(email, **fields):
    return {
        "email": email,
        "first_name": "Ada",
        "last_name": "Byron",
        "user_type": "default",
        "groups": [Variant("name", "Engineering")],
        "create_missing_groups": False,
        "create_missing": True,
        "update_existing": True,
        "re_enable_disabled": False,
    } | fields


def leaver(email, mode, **fields):
    return {"email": email, "mode": mode, "protected_people": []} | fields


def equal(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def check_results():
    """Enums, variants with and without a payload, options and lists keep their names."""
    acme, email = organisation(), "ada.byron@example.com"
    arrived = acme.call("lifecycle", "provision", person(email))
    equal(arrived.outcome, "created")
    equal([write.kind for write in arrived.writes], ["user-created", "member-added"])
    equal([write.certainty for write in arrived.writes], ["confirmed", "confirmed"])
    equal(arrived.user.user_type, "default")
    equal(arrived.groups_added[0].id.tag, "rest")
    equal(acme.call("lifecycle", "provision", person(email)).outcome, "unchanged")
    renamed = acme.call("lifecycle", "provision", person(email, last_name="King"))
    equal(renamed.outcome, "updated")
    equal([change.field for change in renamed.changes], ["last-name"])

    for dialect in ["v1", "v2", "scim"]:
        found = organisation(dialect=dialect).call("directory", "find-user", email)
        equal(found.id.tag, dialect)
    equal(acme.call("directory", "find-user", "nobody@example.com"), None)

    left = acme.call("lifecycle", "deprovision", leaver(email, Variant("disable-and-strip-groups")))
    equal(left.outcome, "deactivated")
    waiting = leaver(email, Variant("delete-once-disabled", 30))
    equal(acme.call("lifecycle", "deprovision", waiting).outcome, "already-deactivated")
    # What a call returned goes into the next as it is.
    back = {"tombstone": left.tombstone, "re_create": False}
    equal(acme.call("lifecycle", "restore", back).outcome, "re-enabled")
    gone = leaver("nobody@example.com", Variant("delete"))
    equal(acme.call("lifecycle", "deprovision", gone).outcome, "already-gone")


def check_errors():
    """Every case of the error that the component returns, each provoked."""
    acme, email = organisation(), "ada.byron@example.com"
    find = ("directory", "find-user", email)
    rename = {"group": Variant("name", "Engineering"), "new_name": "Support"}
    rename |= {"add_members": [], "remove_members": []}
    protected = leaver(email, Variant("disable"), protected_people=[email])
    provoked = {
        "permanent-invalid-input": ("invalid-email", acme, ("directory", "find-user", "nobody")),
        "permanent-denied": ("token-rejected", organisation(token="wrong"), find),
        "permanent-not-found": (
            "user-not-found",
            acme,
            ("lifecycle", "provision", person("new@example.com", create_missing=False)),
        ),
        "permanent-conflict": ("name-taken", acme, ("groups", "change-group", rename)),
        "permanent-refused": ("protected-person", acme, ("lifecycle", "deprovision", protected)),
        "permanent-unsupported": (
            "operation-unsupported",
            organisation(dialect="v2"),
            ("lifecycle", "provision", person("new@example.com", user_type="end-user")),
        ),
        "rate-limited": (
            "rate-limited",
            organisation(throttling, RETOOL_DEADLINE_MS="5000"),
            find,
        ),
        "unavailable": ("server-error", organisation(failing, RETOOL_MAX_ATTEMPTS="1"), find),
    }
    for case, (code, asked, call) in provoked.items():
        error = error_of(asked, *call)
        equal((error.case, error.detail.code), (case, code))
        equal(error.detail.permanent, case.startswith("permanent-"))
    late = error_of(organisation(slow, RETOOL_DEADLINE_MS="200"), *find)
    equal((late.case, late.detail.code), ("unavailable", "deadline-exceeded"))
    throttled = error_of(organisation(throttling, RETOOL_DEADLINE_MS="5000"), *find)
    equal((throttled.detail.http_status, throttled.detail.retry_after_ms), (429, 30000))

    # The one that is missing is never returned by the component: engines use it.
    of_wit = TYPES.read_text().split("variant error {")[1].split("}")[0]
    cases = re.findall(r"^ +([a-z-]+)(?=\(|,)", of_wit, re.MULTILINE)
    equal(cases, acme.error_cases("directory", "find-user"))
    equal(cases, ["execution-failed", *provoked])


def error_of(asked, *call):
    try:
        answer = asked.call(*call)
    except RetoolError as error:
        return error
    raise AssertionError(f"{call} was answered: {answer}")


def check_environment():
    """The component sees the chosen variables, and not those of this process."""
    os.environ["RETOOL_STRAY"] = TOKEN
    stray = {"base_url": mock, "dialect": "v1", "api_token_variable": "RETOOL_STRAY"}
    find = ("directory", "find-user", "ada.byron@example.com")
    error = error_of(Organisation(plugin, stray, {"RETOOL_API_TOKEN": TOKEN}), *find)
    equal((error.case, error.detail.code), ("permanent-denied", "token-missing"))
    chosen = Organisation(plugin, stray, {"RETOOL_STRAY": TOKEN}).call(*find)
    equal(chosen.email, "ada.byron@example.com")


def check_arguments():
    """What does not fit the contract is refused before anything is sent."""
    acme = organisation()
    for wrong in [person(5), person("a@example.com", nickname="Ada"), {"email": "a@example.com"}]:
        try:
            acme.call("lifecycle", "provision", wrong)
        except TypeError:
            continue
        raise AssertionError(f"{wrong} was taken")


def check_threads():
    """A call that waits lets other threads run."""
    asked, released = threading.Event(), threading.Event()

    class Held(BaseHTTPRequestHandler):
        """Answers once this thread lets it: never, if the call that waits stops this thread."""

        def do_GET(self):
            asked.set()
            released.wait()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"users":[],"total":0}')

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Held) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        waits = organisation(f"http://127.0.0.1:{server.server_port}")
        find = ("directory", "find-user", "nobody@example.com")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(waits.call(*find)))
        thread.start()
        asked.wait()
        equal(organisation().call(*find), None)
        equal(answers, [])
        released.set()
        thread.join()
        server.shutdown()
    equal(answers, [None])


for check in [check_results, check_errors, check_environment, check_arguments, check_threads]:
    check()
    print(f"ok: {check.__doc__}")
print(f"wasmtime {version('wasmtime')}, Python {sys.version.split()[0]}")
