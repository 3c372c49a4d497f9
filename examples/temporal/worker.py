"""The worker: python worker.py localhost:7233"""

import asyncio
import sys

from temporalio.client import Client
from temporalio.worker import Worker

from activities import call
from workflow import Sync


async def main(address):
    client = await Client.connect(address)
    await Worker(client, task_queue="retool", workflows=[Sync], activities=[call]).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
