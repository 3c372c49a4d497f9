"""Checks a door: every function, with and without a generated client, and many requests at once."""

import asyncio
import importlib
import json
import re
import sys
import time
import tomllib
import typing
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

TOKEN = "open-sesame"
CONNECTION = "acme"
REQUESTS = Path(__file__).parents[1] / "requests.json"


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
    """Returns whether a value has a part, as `examples/requests.md` says."""
    if isinstance(part, dict):
        return isinstance(value, dict) and all(fits(part[key], value.get(key)) for key in part)
    if isinstance(part, list):
        return isinstance(value, list) and len(part) == len(value) and all(map(fits, part, value))
    return part == value and isinstance(part, bool) == isinstance(value, bool)


def error_of(problem):
    """Returns the contract's error of a problem document, as far as it has one form in both."""
    return {"permanent" if problem["permanent"] else "transient": {**problem, "message": problem["detail"]}}


def make(call, listed):
    """Makes every call of the file with `call`, which returns the status and the JSON. `listed` are
    the paths of the functions."""
    results = {}
    listed = set(listed)
    for each in json.loads(REQUESTS.read_text()):
        function = each["function"]
        listed.remove(function)
        status, got = call(function, {"connection": CONNECTION, **filled(each["request"], results)})
        if "result" in each:
            assert status == 200, f"{function}: {status} {got}"
            assert fits(each["result"], got), f"{function}: {json.dumps(got)} lacks {each['result']}"
        else:
            assert status != 200, f"{function}: {got}"
            assert fits(each["error"], error_of(got)), f"{function}: {got} is not {each['error']}"
        results[function.split("/")[1]] = got
        print(f"ok: {function} -> {status}")
    assert not listed, f"requests.json has no {', '.join(listed)}"


def functions(base_url):
    """Makes a call of every function."""

    def send(path, body=None):
        request = urllib.request.Request(
            base_url + path, body, {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    _, index = send("/")
    make(
        lambda function, body: send(f"/v1/{function}", json.dumps(body).encode()),
        (path.removeprefix("/v1/") for path in index["functions"]),
    )


def client(base_url, document):
    """Makes a call of every function with the generated client in the package `client`."""
    from client import AuthenticatedClient

    paths = json.loads(Path(document).read_text())["paths"]
    operations = {
        path.removeprefix("/v1/"): operation["post"] for path, operation in paths.items() if "post" in operation
    }
    connected = AuthenticatedClient(base_url=base_url, token=TOKEN)

    def call(function, request):
        operation = operations[function]
        module = importlib.import_module(f"client.api.{operation['tags'][0]}.{operation['operationId']}")
        body = typing.get_type_hints(module.sync_detailed)["body"].from_dict(request)
        assert body.to_dict() == request, f"{function}: the client's body is {body.to_dict()}"
        answer = module.sync_detailed(client=connected, body=body)
        got = json.loads(answer.content)
        understood = answer.parsed.to_dict() if answer.parsed is not None else None
        assert understood == got, f"{function}: the client understood {understood}, not {got}"
        return answer.status_code, got

    make(call, operations)


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


def spin(index):
    """Checks that the manifests for Spin can be read, and name this contract."""
    contract = json.loads(index)["contract"]
    for name in ["spin.toml", "spin-dependency.toml"]:
        manifest = tomllib.loads((Path(__file__).parent / name).read_text())
        assert manifest["spin_manifest_version"] == 2
        component = manifest["component"][manifest["trigger"]["http"][0]["component"]]
        json.loads(component["environment"]["DOOR_CONNECTIONS"])
        if name == "spin-dependency.toml":
            assert list(component["dependencies"]) == [contract], f"the dependency is not {contract}"
        print(f"ok: {name}")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "functions":
        functions(*arguments)
    elif command == "client":
        client(*arguments)
    elif command == "load":
        asyncio.run(load(*arguments))
    elif command == "spin":
        spin(*arguments)
    elif command == "one-connection":
        one_connection(*arguments)
    else:
        sys.exit(f"there is no command {command}")
