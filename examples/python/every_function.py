"""Makes every call of a file of requests with the installed package, and prints what came of each:
RETOOL_API_TOKEN=… python every_function.py requests.json BASE-URL
"""

import json
import os
import sys

from retool_lifecycle import Connection, Organisation, RetoolError

TOLD = {"outcome", "created", "healthy", "status", "kind", "certainty"}
"""The fields that say what came of a call, and differ between no two runs."""


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


def told(value):
    """Returns what the fields of a result say, in the order of their names."""
    if isinstance(value, list):
        return [text for item in value for text in told(item)]
    if not isinstance(value, dict):
        return []
    texts = []
    for key in sorted(value):
        if key in TOLD and isinstance(value[key], (str, bool)):
            texts.append(f"{key}={json.dumps(value[key])}")
        texts += told(value[key])
    return texts


requests, base_url = sys.argv[1:]
acme = Organisation(
    Connection(base_url=base_url, dialect="v1"),
    {"RETOOL_API_TOKEN": os.environ["RETOOL_API_TOKEN"]},
)
results = {}
with open(requests, encoding="utf-8") as file:
    calls = json.load(file)
for function, request, *_ in calls:
    try:
        result = acme.call(function, filled(request, results))
        results[function.split("/")[-1]] = result
        print(function, *told(result))
    except RetoolError as error:
        print(function, error.case, error.detail.code)
