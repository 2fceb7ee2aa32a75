"""oteltap's receiver of OTLP over HTTP. Arguments: PORT. Spans go to stdout, as JSON, one a line.

It ends when its stdin does.
"""

import asyncio
import sys

from oteltap import OtelTapHttpProtobufReceiver, OtelTapHttpProtobufReceiverSettings


async def main():
    settings = OtelTapHttpProtobufReceiverSettings(
        http_port=int(sys.argv[1]), print_traces_as_ndjson=True
    )
    async with OtelTapHttpProtobufReceiver(settings):
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
