"""An origin on http.server, which speaks the version it is told to.

Arguments: PORT, HTTP/1.0 or HTTP/1.1, and what it does after an answer: "stays" as the version has
it, or "leaves" without having said so. It ends when its stdin does.
"""

import hashlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LEAVES = sys.argv[3] == "leaves"


class Handler(BaseHTTPRequestHandler):
    protocol_version = sys.argv[2]
    timeout = 60

    def log_message(self, *_):
        pass

    def do_GET(self):
        length = int(self.path.rsplit("/", 1)[1])
        self.send_response(200)
        if self.path.startswith("/until-the-end/"):
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"0123456789" * (length // 10) + b"x" * (length % 10))
        self.leave()

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = hashlib.sha256(body).hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        self.leave()

    do_PUT = do_POST

    def leave(self):
        if LEAVES:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
