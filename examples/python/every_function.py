"""Makes every call of a file of requests with the installed package, and checks what comes of each:
RETOOL_API_TOKEN=… python every_function.py requests.json BASE-URL
"""

import json
import os
import sys

from retool_lifecycle import Connection, Organisation, RetoolError, to_json

def filled(request, results):
    """Replaces each string `@FUNCTION/POINTER` with that part of an earlier result."""
    if isinstance(request, str) and request.startswith("@"):
        function, *steps = request[1:].split("/")
        value = results[function]
        for step in steps:
            value = value[int(step) if isinstance(value, list) else step]
        return value
    if isinstance(request, list):
        return [filled(item, results) for item in request]
    if isinstance(request, dict):
        return {key: filled(value, results) for key, value in request.items()}
    return request


def fits(part, value):
    """Whether a value has everything that the file expects; see requests.md."""
    if isinstance(part, dict):
        return isinstance(value, dict) and all(fits(each, value.get(key)) for key, each in part.items())
    if isinstance(part, list):
        return isinstance(value, list) and len(part) == len(value) and all(map(fits, part, value))
    return part == value and isinstance(part, bool) == isinstance(value, bool)


requests, base_url = sys.argv[1:]
acme = Organisation(
    Connection(base_url=base_url, dialect="v1"),
    {"RETOOL_API_TOKEN": os.environ["RETOOL_API_TOKEN"]},
)
results = {}
with open(requests, encoding="utf-8") as file:
    calls = json.load(file)
for each in calls:
    function = each["function"]
    try:
        got = results[function.split("/")[-1]] = acme.call(function, filled(each["request"], results))
        expected = each.get("result")
    except RetoolError as error:
        got = {error.case: to_json(error.detail)}
        expected = each.get("error")
    if expected is None or not fits(expected, got):
        sys.exit(f"{function}: {json.dumps(got)} is not as {json.dumps(each)}")
    print(f"ok: {function}")
