import asyncio
import os

import asyncpg


async def migrate() -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute("CREATE TABLE IF NOT EXISTS visits (id serial PRIMARY KEY)")
    await connection.close()


asyncio.run(migrate())
