"""Starts the workflow, shows its plan, and asks: python start.py localhost:7233 acme plan-sync.json

The file is the `request` of `plan-sync`.
"""

import asyncio
import json
import sys
from pathlib import Path

from temporalio.client import Client

from workflow import Sync


async def main(address, connection, file):
    client = await Client.connect(address)
    # The connection is the workflow's id, so an organisation has one workflow at a time.
    handle = await client.start_workflow(
        Sync.run, args=[connection, json.loads(Path(file).read_text())], id=connection, task_queue="retool"
    )
    while (plan := await handle.query(Sync.to_approve)) is None:
        await asyncio.sleep(1)
    for step in plan["steps"]:
        print(step["kind"], step["email"] or "", step["group_name"] or "")
    if plan["steps"]:
        answer = await asyncio.to_thread(input, "Apply these steps? [y/N] ")
        await handle.signal(Sync.decide, args=[plan["digest"], answer == "y"])
    print(await handle.result())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
