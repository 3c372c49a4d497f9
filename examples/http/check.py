"""Checks a door with a generated client, and with many requests at once."""

import asyncio
import importlib
import json
import re
import sys
import time
import typing
import urllib.parse
from pathlib import Path

TOKEN = "open-sesame"
CONNECTION = "acme"
HERE = Path(__file__).parent


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


def functions(base_url, document):
    """Makes a call of every function with the client in the package `client`."""
    from client import AuthenticatedClient

    paths = json.loads(Path(document).read_text())["paths"]
    operations = {
        path.rsplit("/", 1)[1]: operation["post"] for path, operation in paths.items() if "post" in operation
    }
    results = {}
    client = AuthenticatedClient(base_url=base_url, token=TOKEN)
    for function, request in json.loads((HERE / "requests.json").read_text()):
        operation = operations.pop(function)
        module = importlib.import_module(f"client.api.{operation['tags'][0]}.{operation['operationId']}")
        call = typing.get_type_hints(module.sync_detailed)["body"]
        request = {"connection": CONNECTION, **filled(request, results)}
        body = call.from_dict(request)
        assert body.to_dict() == request, f"{function}: the client's body is {body.to_dict()}"
        answer = module.sync_detailed(client=client, body=body)
        got = json.loads(answer.content)
        understood = answer.parsed.to_dict() if answer.parsed is not None else None
        assert understood == got, f"{function}: the client understood {understood}, not {got}"
        results[function] = got
        # Only /api/v2 can reset a second factor.
        expected = 422 if function == "reset-two-factor" else 200
        assert answer.status_code == expected, f"{function}: {answer.status_code} {got}"
        print(f"ok: {function} -> {answer.status_code}")
    assert not operations, f"requests.json has no {', '.join(operations)}"


async def one(host, port, request):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    await writer.drain()
    status = (await reader.readline()).split()[1]
    await reader.read()
    writer.close()
    return int(status)


async def load(base_url, at_once=50, rounds=4):
    """Makes many calls at once; each must succeed."""
    url = urllib.parse.urlsplit(base_url)
    body = json.dumps({"connection": CONNECTION, "user": {"email": "ada@example.com"}})
    request = (
        f"POST /v1/directory/find-user HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    for _ in range(rounds):
        begun = time.monotonic()
        calls = [one(url.hostname, url.port, request) for _ in range(at_once)]
        statuses = await asyncio.wait_for(asyncio.gather(*calls), 60)
        assert set(statuses) == {200}, statuses
        print(f"ok: {at_once} at once, all done after {time.monotonic() - begun:.2f} s")


def one_connection(document):
    """Prints the document with the name of the only connection that exists."""
    text = Path(document).read_text()
    document = json.loads(text)
    for name, schema in document["components"]["schemas"].items():
        if re.search("-call$", name):
            schema["properties"]["connection"]["const"] = CONNECTION
    json.dump(document, sys.stdout)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "functions":
        functions(*arguments)
    elif command == "load":
        asyncio.run(load(*arguments))
    elif command == "one-connection":
        one_connection(*arguments)
    else:
        sys.exit(f"there is no command {command}")
