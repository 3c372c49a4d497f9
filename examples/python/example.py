"""Checks a connection and finds a person:
RETOOL_API_TOKEN=… python example.py retool_lifecycle.wasm https://acme.retool.com ada@example.com
"""

import os
import sys

from wasmtime.component import Variant

from retool import Organisation, Plugin, RetoolError

component, base_url, email = sys.argv[1:]
acme = Organisation(
    Plugin(component),
    {"base_url": base_url, "dialect": "auto"},
    {"RETOOL_API_TOKEN": os.environ["RETOOL_API_TOKEN"], "RETOOL_DEADLINE_MS": "30000"},
)

report = acme.call("diagnostics", "check-connection")
print(f"healthy: {report.healthy}, dialect {report.dialect}, {report.user_count} people")
for check in report.checks:
    print(f"  {check.status:7} {check.name}: {check.detail}")

try:
    user = acme.call("directory", "find-user", Variant("email", email))
    print(f"{user.email} is {user.id.tag}:{user.id.payload}" if user else f"{email} is not there")
except RetoolError as error:
    print(error)
