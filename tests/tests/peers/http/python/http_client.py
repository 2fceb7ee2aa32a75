"""http.client: one connection, many requests of all kinds. Arguments: PORT.

The origin is aiohttp_origin.py. Writes how many requests it made; any surprise is an end with 1.
"""

import hashlib
import http.client
import json
import sys

ROUNDS = 40

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
made, sockets = 0, set()


def ask(method, path, **more):
    global made
    connection.request(method, path, **more)
    sockets.add(connection.sock.getsockname())
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (method, path, answer.status, body[:200])
    made += 1
    return body


def pieces(body, size):
    for start in range(0, len(body), size):
        yield body[start : start + size]


for number in range(ROUNDS):
    body = bytes((number + at) % 251 for at in range(number * 701))
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        for chunked in (False, True):
            more = {"body": body}
            if chunked:
                more = {"body": pieces(body, 97 + number), "encode_chunked": True}
                more["headers"] = {"Transfer-Encoding": "chunked"}
            said = json.loads(ask(method, "/told", **more))
            assert said["method"] == method, said
            assert said["length"] == len(body), (said, len(body))
            assert said["sha256"] == hashlib.sha256(body).hexdigest(), said
            assert said["forwarded"] == "127.0.0.1", said
    measured = ask("GET", f"/measured/{number * 997}")
    assert len(measured) == number * 997
    assert ask("GET", f"/chunked/{number * 997}") == measured
    assert ask("HEAD", f"/measured/{number * 997}") == b""
assert len(sockets) == 1, f"{len(sockets)} connections for requests that may share one"
print(f"{made} requests")
