"""What a process that serves the API does beside answering: what its dialects have promised to do afterwards."""

import asyncio

from api.context import ApiContext
from api.dialects import DIALECTS


async def keep_working(context: ApiContext, stop: asyncio.Event) -> None:
    """Until `stop`; what is under way then is finished first."""
    async with asyncio.TaskGroup() as tasks:
        for dialect in DIALECTS:
            if dialect.work is not None:
                tasks.create_task(dialect.work(context, stop))
