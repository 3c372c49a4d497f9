"""Tests this example against mocks:
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
        "former_emails": [],
        "first_name": "Ada",
        "last_name": "Byron",
        "user_type": "default",
        "attributes": [],
        "clear": [],
        "groups": [{"group": Variant("name", "Engineering")}],
        "create_missing_groups": False,
        "create_missing": True,
        "update_existing": True,
        "re_enable_disabled": False,
    } | fields


def by_email(email):
    return Variant("email", email)


def leaver(email, mode, **fields):
    return {"user": by_email(email), "mode": mode, "protected_people": []} | fields


def equal(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def check_results():
    """Enums, variants with and without a payload, options and lists keep their names."""
    acme, email = organisation(), "ada.byron@example.com"
    created = acme.call("lifecycle", "provision", person(email))
    equal(created.outcome, "created")
    equal([write.kind for write in created.writes], ["user-created", "member-added"])
    equal([write.certainty for write in created.writes], ["confirmed", "confirmed"])
    equal(created.user.user_type, "default")
    equal(created.groups_added[0].id.tag, "rest")
    equal(acme.call("lifecycle", "provision", person(email)).outcome, "unchanged")
    renamed = acme.call("lifecycle", "provision", person(email, last_name="King"))
    equal(renamed.outcome, "updated")
    equal([change.field for change in renamed.changes], ["last-name"])

    for dialect in ["v1", "v2", "scim"]:
        found = organisation(dialect=dialect).call("directory", "find-user", by_email(email))
        equal(found.id.tag, dialect)
    equal(acme.call("directory", "find-user", by_email("unknown@example.com")), None)

    left = acme.call("lifecycle", "deprovision", leaver(email, Variant("disable-and-strip-groups")))
    equal(left.outcome, "deactivated")
    waiting = leaver(email, Variant("delete-once-disabled", 30))
    equal(acme.call("lifecycle", "deprovision", waiting).outcome, "already-deactivated")
    # The result of a call can be passed to the next call unchanged.
    back = {"tombstones": [left.tombstone], "re_create": False}
    restored = acme.call("lifecycle", "restore", back)
    equal([(person.email, person.outcome) for person in restored.people], [(email, "re-enabled")])
    gone = leaver("unknown@example.com", Variant("delete"))
    equal(acme.call("lifecycle", "deprovision", gone).outcome, "already-gone")


def check_errors():
    """Every case and kind of error that the component returns can be provoked."""
    acme, email = organisation(), "ada.byron@example.com"
    find = ("directory", "find-user", by_email(email))
    rename = {"group": Variant("name", "Engineering"), "new_name": "Support"}
    rename |= {"access": [], "add_members": [], "remove_members": [], "protected_people": []}
    protected = leaver(email, Variant("disable"), protected_people=[by_email(email)])
    provoked = {
        "invalid-input": (
            "permanent",
            "invalid-email",
            acme,
            ("directory", "find-user", by_email("no-address")),
        ),
        "denied": ("permanent", "token-rejected", organisation(token="wrong"), find),
        "not-found": (
            "permanent",
            "user-not-found",
            acme,
            ("lifecycle", "provision", person("new@example.com", create_missing=False)),
        ),
        "conflict": ("permanent", "name-taken", acme, ("groups", "change-group", rename)),
        "refused": (
            "permanent",
            "protected-person",
            acme,
            ("lifecycle", "deprovision", protected),
        ),
        "unsupported": (
            "permanent",
            "operation-unsupported",
            organisation(dialect="v2"),
            ("lifecycle", "provision", person("new@example.com", user_type="end-user")),
        ),
        "rate-limited": (
            "transient",
            "rate-limited",
            organisation(throttling, RETOOL_DEADLINE_MS="5000"),
            find,
        ),
        "unavailable": (
            "transient",
            "server-error",
            organisation(failing, RETOOL_MAX_ATTEMPTS="1"),
            find,
        ),
    }
    for kind, (case, code, asked, call) in provoked.items():
        error = error_of(asked, *call)
        equal((error.case, error.detail.kind, error.detail.code), (case, kind, code))
        equal(error.detail.tombstones, [])
    late = error_of(organisation(slow, RETOOL_DEADLINE_MS="200"), *find)
    equal((late.case, late.detail.code), ("transient", "deadline-exceeded"))
    throttled = error_of(organisation(throttling, RETOOL_DEADLINE_MS="5000"), *find)
    equal((throttled.detail.http_status, throttled.detail.retry_after_ms), (429, 30000))

    # The component never returns the first case; it is for engines.
    equal(cases_in_wit("variant error"), ["execution-failed", "permanent", "transient"])
    equal(acme.error_cases("directory", "find-user"), cases_in_wit("variant error"))
    equal(sorted(provoked), sorted(cases_in_wit("enum error-kind")))


def cases_in_wit(type_):
    of_type = TYPES.read_text().split(f"{type_} {{")[1].split("}")[0]
    return re.findall(r"^ +([a-z-]+)(?=\(|,)", of_type, re.MULTILINE)


def check_plans():
    """`apply-step` takes a plan's steps unchanged, and `restore` its tombstones."""
    acme = organisation()
    everyone = {"with_members": False, "with_other_ids": False}
    people = acme.call("directory", "page-users", everyone).users
    stay = [user for user in people if not user.disabled]
    leaves = next(user for user in stay if not user.admin)
    stay.remove(leaves)
    protecting = {"required_admins": [], "protected_people": [], "allow_empty_roster": False}
    policy = {
        "create_missing": False,
        "update_existing": True,
        "re_enable_disabled": False,
        "absent": Variant("disable"),
        "memberships": "leave",
        "managed_groups": [],
        "create_missing_groups": False,
        "guards": protecting,
    }
    nothing = {"former_emails": [], "attributes": [], "clear": [], "groups": []}
    roster = [{"user": by_email(user.email)} | nothing for user in stay]
    request = {"roster": roster, "policy": policy, "disabled_since": []}
    plan = acme.call("synchronization", "plan-sync", request)
    equal([(step.kind, step.email) for step in plan.steps], [("disable-user", leaves.email)])
    equal((plan.organisation, plan.dialect, plan.policy.absent.tag), (mock, "v1", "disable"))
    equal(plan.policy.guards.user_removals.percent, 5)
    equal([tombstone.user.id.payload for tombstone in plan.tombstones], [leaves.id.payload])
    done = acme.call("synchronization", "apply-step", plan.steps[0])
    equal((done.outcome, done.tombstone.user.email), ("applied", leaves.email))
    again = acme.call("synchronization", "apply-step", plan.steps[0])
    equal(again.outcome, "already-so")
    back = {"tombstones": [done.tombstone], "re_create": False}
    equal(acme.call("lifecycle", "restore", back).people[0].outcome, "re-enabled")


def error_of(asked, *call):
    try:
        answer = asked.call(*call)
    except RetoolError as error:
        return error
    raise AssertionError(f"{call} was answered: {answer}")


def check_environment():
    """The component sees only the chosen variables, not those of this process."""
    os.environ["RETOOL_STRAY"] = TOKEN
    stray = {"base_url": mock, "dialect": "v1", "api_token_variable": "RETOOL_STRAY"}
    find = ("directory", "find-user", by_email("ada.byron@example.com"))
    error = error_of(Organisation(plugin, stray, {"RETOOL_API_TOKEN": TOKEN}), *find)
    equal((error.case, error.detail.code), ("permanent", "token-missing"))
    chosen = Organisation(plugin, stray, {"RETOOL_STRAY": TOKEN}).call(*find)
    equal(chosen.email, "ada.byron@example.com")


def check_arguments():
    """Arguments that do not match the contract are refused before anything is sent."""
    acme = organisation()
    for wrong in [person(5), person("a@example.com", nickname="Ada"), {"email": "a@example.com"}]:
        try:
            acme.call("lifecycle", "provision", wrong)
        except TypeError:
            continue
        raise AssertionError(f"{wrong} was accepted")


def check_threads():
    """Other threads run while a call waits."""
    asked, released = threading.Event(), threading.Event()

    class Held(BaseHTTPRequestHandler):
        """Answers when this thread allows it: never, if the waiting call blocks this thread."""

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
        find = ("directory", "find-user", by_email("unknown@example.com"))
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


for check in [
    check_results,
    check_errors,
    check_plans,
    check_environment,
    check_arguments,
    check_threads,
]:
    check()
    print(f"ok: {check.__doc__}")
print(f"wasmtime {version('wasmtime')}, Python {sys.version.split()[0]}")
