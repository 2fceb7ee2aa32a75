"""An origin on aiohttp: streams, chunked bodies, digests of what came, and requests given up.

Arguments: PORT. It ends when its stdin does.
"""

import asyncio
import hashlib
import json
import sys

from aiohttp import web

PIECE = 16 * 1024

given_up = 0
news = asyncio.Condition()


def pattern(length):
    """Bytes in which a piece that is missing or moved shows."""
    block = b"".join(number.to_bytes(4, "big") for number in range(PIECE // 4))
    return (block * (length // PIECE + 1))[:length]


async def told(request):
    """What came: the method, how long the body was, and its digest."""
    digest, length = hashlib.sha256(), 0
    async for piece in request.content.iter_chunked(PIECE):
        digest.update(piece)
        length += len(piece)
    said = {
        "method": request.method,
        "length": length,
        "sha256": digest.hexdigest(),
        "chunked": "chunked" in request.headers.get("Transfer-Encoding", ""),
        "forwarded": request.headers.get("X-Forwarded-For", ""),
    }
    return web.Response(text=json.dumps(said))


async def echo(request):
    """The body, back while it comes."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    async for piece in request.content.iter_any():
        await answer.write(piece)
    await answer.write_eof()
    return answer


async def measured(request):
    return web.Response(body=pattern(int(request.match_info["length"])))


async def chunked(request):
    """The same bytes in pieces of odd lengths."""
    left = memoryview(pattern(int(request.match_info["length"])))
    answer = web.StreamResponse()
    answer.enable_chunked_encoding()
    await answer.prepare(request)
    size = 1
    while left:
        await answer.write(bytes(left[:size]))
        left, size = left[size:], size * 3 % 40_961 + 1
    await answer.write_eof()
    return answer


async def endless(request):
    """Begins an answer, and waits to be given up."""
    global given_up
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"begun")
    try:
        await asyncio.Event().wait()
    finally:
        async with news:
            given_up += 1
            news.notify_all()
    return answer


async def wait_for_given_up(request):
    """Answers when so many were given up."""
    count = int(request.match_info["count"])
    async with news:
        await news.wait_for(lambda: given_up >= count)
    return web.Response(text=str(given_up))


async def main():
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/told", told)
    app.router.add_route("*", "/echo", echo)
    app.router.add_get("/measured/{length}", measured)
    app.router.add_get("/chunked/{length}", chunked)
    app.router.add_get("/endless", endless)
    app.router.add_get("/given-up/{count}", wait_for_given_up)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
