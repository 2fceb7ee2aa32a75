"""aiohttp's client: a pool of connections, bodies that stream both ways, and requests given up.

Arguments: PORT. The origin is aiohttp_origin.py. Writes how many requests it made; any surprise is
an end with 1.
"""

import asyncio
import hashlib
import random
import sys

import aiohttp

REQUESTS = 1_000
TASKS = 32
CONNECTIONS = 16
GIVEN_UP = 50

base = f"http://127.0.0.1:{sys.argv[1]}"
chance = random.Random(7)


async def in_pieces(body, size):
    for start in range(0, len(body), size):
        yield body[start : start + size]
        # The other tasks have their turn, so that bodies come in parts.
        await asyncio.sleep(0)


async def upload(session, body, data):
    method = chance.choice(["POST", "PUT", "PATCH"])
    async with session.request(method, base + "/told", data=data) as answer:
        said = await answer.json(content_type=None)
        assert answer.status == 200, answer.status
        assert said["sha256"] == hashlib.sha256(body).hexdigest(), said
        assert said["method"] == method, said


async def download(session, path, length):
    async with session.get(f"{base}/{path}/{length}") as answer:
        assert answer.status == 200, answer.status
        came = 0
        async for piece in answer.content.iter_any():
            came += len(piece)
        assert came == length, (path, came, length)


async def echoed(session, body):
    async with session.post(base + "/echo", data=in_pieces(body, 4_000)) as answer:
        assert answer.status == 200, answer.status
        assert await answer.read() == body


async def one(session):
    length = chance.choice([0, 1, 100, 5_000, 70_000, 300_000])
    body = chance.randbytes(length)
    kind = chance.randrange(5)
    if kind == 0:
        await upload(session, body, body)
    elif kind == 1:
        await upload(session, body, in_pieces(body, chance.randint(1_000, 30_000)))
    elif kind == 2:
        await download(session, "measured", length)
    elif kind == 3:
        await download(session, "chunked", length)
    else:
        await echoed(session, body)


async def give_up(session):
    """Leaves in the middle of an answer."""
    answer = await session.get(base + "/endless")
    assert await answer.content.readexactly(5) == b"begun"
    answer.close()


async def main():
    left = iter(range(REQUESTS))
    pool = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=pool) as session:

        async def work():
            for _ in left:
                await one(session)

        await asyncio.gather(*(work() for _ in range(TASKS)))
        await asyncio.gather(*(give_up(session) for _ in range(GIVEN_UP)))
        # The origin learns of each, and the pool serves on.
        async with session.get(f"{base}/given-up/{GIVEN_UP}") as answer:
            assert int(await answer.text()) == GIVEN_UP
        await asyncio.gather(*(one(session) for _ in range(TASKS)))
    print(f"{REQUESTS + GIVEN_UP + 1 + TASKS} requests")


asyncio.run(asyncio.wait_for(main(), 50))
