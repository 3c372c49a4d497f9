"""The activity: a call of the HTTP door."""

import asyncio
import json
import os
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

# Above RETOOL_DEADLINE_MS of the door, so that it is the door that says what was written.
TIMEOUT_SECONDS = 180


@activity.defn
async def call(function: str, body: dict) -> Any:
    """Calls a function of the contract, e.g. `lifecycle/provision`, and returns its result.

    The worker's environment has the door's address in DOOR_URL and its token in DOOR_TOKEN: Temporal
    records arguments and results, so a token is never one of them.

    Fails with an ApplicationError whose type is the `code` of the problem, and whose details are the
    problem. It is not retried if the problem is permanent, and after `Retry-After` otherwise.
    """
    return await asyncio.to_thread(_call, function, body)


def _call(function, body):
    request = urllib.request.Request(
        f"{os.environ['DOOR_URL']}/v1/{function}",
        json.dumps(body).encode(),
        {"authorization": f"Bearer {os.environ['DOOR_TOKEN']}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise _failure(error) from None
    # What is below HTTP, e.g. a refused connection, is retried as any exception is.


def _failure(answer):
    if answer.headers.get_content_type() != "application/problem+json":
        # From the host or a proxy. Nothing is known, and every call may be made again.
        return ApplicationError(f"the door's host answered {answer.code}", type="no-problem-document")
    problem = json.load(answer)
    seconds = answer.headers.get("retry-after")
    return ApplicationError(
        problem["detail"],
        problem,
        type=problem["code"],
        non_retryable=problem["permanent"],
        next_retry_delay=timedelta(seconds=int(seconds)) if seconds else None,
    )
