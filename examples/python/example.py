"""Checks a connection and finds a person:
RETOOL_API_TOKEN=… python example.py https://acme.retool.com ada@example.com
"""

import os
import sys

from retool_lifecycle import Connection, Organisation, RetoolError

base_url, email = sys.argv[1:]
acme = Organisation(
    Connection(base_url=base_url, dialect="auto"),
    {"RETOOL_API_TOKEN": os.environ["RETOOL_API_TOKEN"], "RETOOL_DEADLINE_MS": "30000"},
)

report = acme.check_connection()
print(f"healthy: {report.healthy}, dialect {report.dialect}, {report.user_count} people")
for check in report.checks:
    print(f"  {check.status:7} {check.name}: {check.detail}")

try:
    user = acme.find_user({"email": email})
    if user is None:
        print(f"{email} is not there")
    else:
        ((dialect, id_),) = user.id.items()
        print(f"{user.email} is {dialect}:{id_}")
except RetoolError as error:
    print(error)
