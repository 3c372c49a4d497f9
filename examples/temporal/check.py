"""Checks the activity against doors, and the workflow by replaying a history of it.

python check.py DOOR THROTTLED-DOOR
"""

import asyncio
import http.server
import os
import sys
import threading
from dataclasses import asdict
from datetime import timedelta

from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import call
from history import replayed
from workflow import Report

CONNECTION = {"connection": "acme"}


async def run(function, body=CONNECTION, door=None, token="open-sesame"):
    """Runs the activity as a worker does."""
    os.environ["DOOR_TOKEN"] = token
    if door is not None:
        os.environ["DOOR_URL"] = door
    return await ActivityEnvironment().run(call, function, body)


async def fails(function, body=CONNECTION, **options):
    try:
        result = await run(function, body, **options)
    except ApplicationError as error:
        return error
    raise AssertionError(f"{function} returned {result}")


def sync(roster, **policy):
    """Returns a request of `plan-sync`."""
    person = {"former_emails": [], "user_type": "default", "attributes": [], "clear": [], "groups": []}
    return {
        "roster": [{**person, **each} for each in roster],
        "policy": {
            "create_missing": True,
            "update_existing": True,
            "re_enable_disabled": False,
            "absent": "keep",
            "memberships": "add",
            "managed_groups": [],
            "create_missing_groups": True,
            "guards": {"required_admins": [], "protected_people": [], "allow_empty_roster": False},
            **policy,
        },
        "disabled_since": [],
    }


ADA = {"user": {"email": "ada@example.com"}, "first_name": "Ada", "last_name": "Byron"}


async def activity(door, throttled):
    error = await fails("directory/find-user", {**CONNECTION, "user": {"email": "ada"}}, door=door)
    assert (error.type, error.non_retryable, error.next_retry_delay) == ("invalid-email", True, None), error
    assert error.details[0]["field"] == "user.email", error.details
    print("ok: a permanent error is not retried, and has the problem as its details")

    error = await fails("diagnostics/check-connection", token="another")
    assert (error.type, error.non_retryable) == ("token-required", True), error
    assert "another" not in repr(error) + repr(error.details)
    print("ok: a wrong token is not retried")

    error = await fails("directory/find-user", {**CONNECTION, "user": {"email": "ada@example.com"}}, door=throttled)
    assert (error.type, error.non_retryable) == ("rate-limited", False), error
    assert error.next_retry_delay >= timedelta(seconds=1), error.next_retry_delay
    print(f"ok: a transient error is retried after {error.next_retry_delay}")

    class Host(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_error(500)

        def log_message(self, *_):
            pass

    host = http.server.HTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=host.serve_forever, daemon=True).start()
    error = await fails("diagnostics/check-connection", door=f"http://127.0.0.1:{host.server_port}")
    host.shutdown()
    assert (error.type, error.non_retryable) == ("no-problem-document", False), error
    print("ok: an answer of the host is retried")
    os.environ["DOOR_URL"] = door


async def workflow():
    """Makes each activity of the workflow for real, and has the workflow run with these results."""
    request = sync([{**ADA, "groups": [{"group": {"name": "Engineering"}}]}])
    plan_body = {**CONNECTION, "request": request}
    plan = await run("synchronization/plan-sync", plan_body)
    assert [step["kind"] for step in plan["steps"]] == ["create-user", "add-member"], plan["steps"]
    made = [("synchronization/plan-sync", plan_body, plan)]

    report = await replayed(["acme", request], made, {plan["digest"]: False})
    assert report == asdict(Report("not approved", plan["digest"])), report
    print("ok: a plan that is not approved is not applied")

    for step in plan["steps"]:
        body = {**CONNECTION, "step": step}
        made.append(("synchronization/apply-step", body, await run("synchronization/apply-step", body)))
    report = await replayed(["acme", request], made, {"0" * 64: False, plan["digest"]: True})
    assert report == asdict(Report("carried out", plan["digest"], applied=2)), report
    print("ok: an approved plan is applied, a step in each activity")

    again = [made[0]]
    for step in plan["steps"]:
        body = {**CONNECTION, "step": step}
        again.append(("synchronization/apply-step", body, await run("synchronization/apply-step", body)))
    report = await replayed(["acme", request], again, {plan["digest"]: True})
    assert report == asdict(Report("carried out", plan["digest"], already_so=2)), report
    print("ok: steps that are repeated are already so")

    # A guard withholds the steps of a plan that would disable everybody who is absent.
    request = sync([ADA], absent="disable")
    request["policy"]["guards"]["user_removals"] = {"percent": 5, "floor": 0}
    body = {**CONNECTION, "request": request}
    plan = await run("synchronization/plan-sync", body)
    report = await replayed(["acme", request], [("synchronization/plan-sync", body, plan)], {})
    assert report == asdict(Report("withheld by a guard", plan["digest"])), report
    print("ok: a plan that a guard withholds is not applied")


async def main(door, throttled):
    await activity(door, throttled)
    await workflow()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
    # The SDK's threads sometimes outlive Python's own end, and abort it.
    sys.stdout.flush()
    os._exit(0)
