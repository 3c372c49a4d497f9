"""Tests the installed package against mocks:
python check.py URL OTHER-URL THROTTLING-URL FAILING-URL SLOW-URL
"""

import dataclasses
import json
import os
import re
import statistics
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

from retool_lifecycle import (
    ChangeGroupRequest,
    Connection,
    DeprovisionRequest,
    Guards,
    Organisation,
    PageRequest,
    Plan,
    ProvisionRequest,
    RestoreRequest,
    RetoolError,
    RosterEntry,
    Step,
    SyncPolicy,
    SyncRequest,
    from_json,
    to_json,
)
from retool_lifecycle import organisation as module

mock, other, throttling, failing, slow = sys.argv[1:]
TOKEN, SCIM_TOKEN = "one", "two"
TYPES = Path(__file__).parents[2] / "wit" / "types.wit"


def organisation(base_url=mock, dialect="v1", token=TOKEN, **settings):
    tokens = {"RETOOL_API_TOKEN": token, "RETOOL_SCIM_TOKEN": SCIM_TOKEN}
    return Organisation(Connection(base_url=base_url, dialect=dialect), tokens | settings)


def person(email, **fields):
    return ProvisionRequest(
        **{
            "email": email,
            "former_emails": [],
            "first_name": "Ada",
            "last_name": "Byron",
            "user_type": "default",
            "attributes": [],
            "clear": [],
            "groups": [{"group": {"name": "Engineering"}}],
            "create_missing_groups": False,
            "create_missing": True,
            "update_existing": True,
            "re_enable_disabled": False,
        }
        | fields
    )


def by_email(email):
    return {"email": email}


def leaver(email, mode, protected_people=()):
    return DeprovisionRequest(
        user=by_email(email), mode=mode, protected_people=list(protected_people)
    )


def equal(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def check_results():
    """Enums, variants with and without a payload, options and lists keep their names."""
    acme, email = organisation(), "ada.byron@example.com"
    created = acme.provision(person(email))
    equal(created.outcome, "created")
    equal([write.kind for write in created.writes], ["user-created", "member-added"])
    equal([write.certainty for write in created.writes], ["confirmed", "confirmed"])
    equal(created.user.user_type, "default")
    equal(list(created.groups_added[0].id), ["rest"])
    equal(acme.provision(person(email)).outcome, "unchanged")
    renamed = acme.provision(person(email, last_name="King"))
    equal(renamed.outcome, "updated")
    equal([change.field for change in renamed.changes], ["last-name"])

    for dialect in ["v1", "v2", "scim"]:
        found = organisation(dialect=dialect).find_user(by_email(email))
        equal(list(found.id), [dialect])
    equal(acme.find_user(by_email("unknown@example.com")), None)

    left = acme.deprovision(leaver(email, "disable-and-strip-groups"))
    equal(left.outcome, "deactivated")
    waiting = leaver(email, {"delete-once-disabled": 30})
    equal(acme.deprovision(waiting).outcome, "already-deactivated")
    # The result of a call can be passed to the next call unchanged.
    restored = acme.restore(RestoreRequest(tombstones=[left.tombstone], re_create=False))
    equal([(person.email, person.outcome) for person in restored.people], [(email, "re-enabled")])
    equal(acme.deprovision(leaver("unknown@example.com", "delete")).outcome, "already-gone")


def check_errors():
    """Every case and kind of error that the component returns can be provoked."""
    acme, email = organisation(), "ada.byron@example.com"
    find = ("find_user", by_email(email))
    rename = ChangeGroupRequest(
        group={"name": "Engineering"},
        new_name="Support",
        access=[],
        add_members=[],
        remove_members=[],
        protected_people=[],
    )
    protected = leaver(email, "disable", protected_people=[by_email(email)])
    provoked = {
        "invalid-input": ("permanent", "invalid-email", acme, ("find_user", by_email("no-address"))),
        "denied": ("permanent", "token-rejected", organisation(token="wrong"), find),
        "not-found": (
            "permanent",
            "user-not-found",
            acme,
            ("provision", person("new@example.com", create_missing=False)),
        ),
        "conflict": ("permanent", "name-taken", acme, ("change_group", rename)),
        "refused": ("permanent", "protected-person", acme, ("deprovision", protected)),
        "unsupported": (
            "permanent",
            "operation-unsupported",
            organisation(dialect="v2"),
            ("provision", person("new@example.com", user_type="end-user")),
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
    equal(str(RetoolError("execution-failed")), "execution-failed")
    equal(sorted(provoked), sorted(cases_in_wit("enum error-kind")))


def cases_in_wit(type_):
    of_type = TYPES.read_text().split(f"{type_} {{")[1].split("}")[0]
    return re.findall(r"^ +([a-z-]+)(?=\(|,)", of_type, re.MULTILINE)


def plan_of(acme):
    """Plans to disable one person who is no administrator. Returns the plan and the person."""
    people = acme.page_users(PageRequest(with_members=False, with_other_ids=False)).users
    stay = [user for user in people if not user.disabled]
    leaves = next(user for user in stay if not user.admin)
    stay.remove(leaves)
    policy = SyncPolicy(
        create_missing=False,
        update_existing=True,
        re_enable_disabled=False,
        absent="disable",
        memberships="leave",
        managed_groups=[],
        create_missing_groups=False,
        guards=Guards(required_admins=[], protected_people=[], allow_empty_roster=False),
    )
    nothing = {"former_emails": [], "attributes": [], "clear": [], "groups": []}
    roster = [RosterEntry(user=by_email(user.email), **nothing) for user in stay]
    return acme.plan_sync(SyncRequest(roster=roster, policy=policy, disabled_since=[])), leaves


def check_plans():
    """`apply_step` takes a plan's steps unchanged, and `restore` its tombstones."""
    acme = organisation()
    plan, leaves = plan_of(acme)
    equal([(step.kind, step.email) for step in plan.steps], [("disable-user", leaves.email)])
    equal((plan.organisation, plan.dialect, plan.policy.absent), (mock, "v1", "disable"))
    equal(plan.policy.guards.user_removals.percent, 5)
    equal([tombstone.user.id for tombstone in plan.tombstones], [leaves.id])
    done = acme.apply_step(plan.steps[0])
    equal((done.outcome, done.tombstone.user.email), ("applied", leaves.email))
    equal(acme.apply_step(plan.steps[0]).outcome, "already-so")
    back = RestoreRequest(tombstones=[done.tombstone], re_create=False)
    equal(acme.restore(back).people[0].outcome, "re-enabled")


def check_json():
    """Plans, steps and tombstones are saved as JSON and read again, and a call takes JSON too."""
    acme = organisation()
    plan, _ = plan_of(acme)
    step = plan.steps[0]
    text = json.dumps(step, default=to_json)
    equal(json.loads(text), json.loads(json.dumps(dataclasses.asdict(step))))
    equal(from_json(Step, json.loads(text)), step)
    equal(from_json(Plan, json.loads(json.dumps(plan, default=to_json))), plan)
    done = acme.call("synchronization/apply-step", {"step": json.loads(text)})
    equal(done["outcome"], "applied")
    back = acme.call("restore", {"request": {"tombstones": [done["tombstone"]], "re_create": False}})
    equal(back["people"][0]["outcome"], "re-enabled")


def error_of(asked, method, request):
    try:
        answer = getattr(asked, method)(request)
    except RetoolError as error:
        return error
    raise AssertionError(f"{method} was answered: {answer}")


def check_environment():
    """The component sees only the chosen variables, not those of this process."""
    os.environ["RETOOL_STRAY"] = TOKEN
    stray = Connection(base_url=mock, dialect="v1", api_token_variable="RETOOL_STRAY")
    find = ("find_user", by_email("ada.byron@example.com"))
    error = error_of(Organisation(stray, {"RETOOL_API_TOKEN": TOKEN}), *find)
    equal((error.case, error.detail.code), ("permanent", "token-missing"))
    chosen = Organisation(stray, {"RETOOL_STRAY": TOKEN}).find_user(find[1])
    equal(chosen.email, "ada.byron@example.com")


def check_origin():
    """The sandbox reaches the origin of the base URL, and no other; and only reads if told so."""
    find = ("find_user", by_email("unknown@example.com"))
    elsewhere = organisation()
    equal(elsewhere.find_user(find[1]), None)
    # What the component is told, and not what the guard was told.
    elsewhere.connection["base_url"] = other
    error = error_of(elsewhere, *find)
    equal((error.case, error.detail.code), ("transient", "connection-failed"))
    equal(organisation(other).find_user(find[1]), None)

    reads = organisation(EGRESS_GUARD_METHODS="GET", RETOOL_MAX_ATTEMPTS="1")
    equal(reads.find_user(find[1]), None)
    error = error_of(reads, "provision", person("new@example.com"))
    equal((error.case, error.detail.code), ("transient", "connection-failed"))


def check_arguments():
    """What does not match the contract is a `TypeError` before anything is sent."""
    acme = organisation()
    good = to_json(person("a@example.com"))
    without = {key: value for key, value in good.items() if key != "clear"}
    wrong = {
        "a record without a field": lambda: ProvisionRequest(**without),
        "a field that is not known": lambda: person("a@example.com", nickname="Ada"),
        "a field of another type": lambda: acme.provision(person(5)),
        "JSON without a field": lambda: acme.call("provision", {"request": without}),
        "JSON with another field": lambda: acme.call("provision", {"request": good | {"x": 1}}),
        "a case that is not known": lambda: acme.find_user({"phone": "1"}),
        "a case without its payload": lambda: acme.find_user("email"),
        "another parameter": lambda: acme.call("provision", {"request": good, "dry_run": True}),
        "another connection": lambda: acme.call("provision", {"request": good, "connection": {"base_url": "x"}}),
        "a saved record without a field": lambda: from_json(ProvisionRequest, without),
    }
    for what, call in wrong.items():
        try:
            call()
        except TypeError:
            continue
        raise AssertionError(f"{what} was accepted")


def check_compiled_once():
    """The component is compiled once in a process, and then a step costs little."""
    # A second compilation would fail.
    module.Component = None
    acme, times = organisation(), []
    for _ in range(5):
        plan, _ = plan_of(acme)
        begun = time.perf_counter()
        done = acme.apply_step(plan.steps[0])
        times.append(time.perf_counter() - begun)
        equal(done.outcome, "applied")
        acme.restore(RestoreRequest(tombstones=[done.tombstone], re_create=False))
    print(f"    the median of five steps: {statistics.median(times) * 1000:.0f} ms")


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
        unknown = by_email("unknown@example.com")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(waits.find_user(unknown)))
        thread.start()
        asked.wait()
        equal(organisation().find_user(unknown), None)
        equal(answers, [])
        released.set()
        thread.join()
        server.shutdown()
    equal(answers, [None])


for check in [
    check_results,
    check_errors,
    check_plans,
    check_json,
    check_environment,
    check_origin,
    check_arguments,
    check_threads,
    check_compiled_once,
]:
    check()
    print(f"ok: {check.__doc__}")
print(f"wasmtime {version('wasmtime')}, Python {sys.version.split()[0]}")
