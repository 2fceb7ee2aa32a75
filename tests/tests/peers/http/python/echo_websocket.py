"""A WebSocket server that echoes. Arguments: PORT. It ends when its stdin does."""

import asyncio
import sys

from websockets.asyncio.server import serve


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1]), max_size=None):
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
