"""A hub on this machine: one commit of each repository, and the ways in which one can fail."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class ScriptedHub:
    """What it serves, and how it misbehaves; it notes what it was asked for."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """By repository, then by path."""
    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range of each request."""
    busy: int = 0
    """So many answers of 503 come first."""
    cut_after: list[int] = field(default_factory=list)
    """The next file answers break off after so many bytes."""
    ignores_ranges: bool = False
    sends: dict[str, bytes] = field(default_factory=dict)
    """By path: other bytes than are listed."""
    redirects_to: str | None = None
    listing: bytes | None = None
    """In place of the true one."""

    def tree(self, repository: str) -> bytes:
        rows: list[dict[str, Any]] = [{"type": "directory", "path": "more", "size": 0, "oid": "x"}]
        for path, raw in self.files[repository].items():
            row: dict[str, Any] = {"type": "file", "path": path, "size": len(raw)}
            if path.endswith((".safetensors", ".bin", ".model")):
                row["lfs"] = {"oid": hashlib.sha256(raw).hexdigest(), "size": len(raw)}
                row["oid"] = "of the pointer"
            else:
                blob = f"blob {len(raw)}\0".encode() + raw
                row["oid"] = hashlib.sha1(blob).hexdigest()  # noqa: S324  # as git names it
            rows.append(row)
        return json.dumps(rows).encode()


@contextmanager
def serving(hub: ScriptedHub) -> Iterator[ScriptedHub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with suppress(ConnectionError):  # who asked has heard enough
                _answer(hub, self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def _answer(hub: ScriptedHub, handler: BaseHTTPRequestHandler) -> None:
    path = unquote(handler.path)
    hub.asked.append((path, handler.headers["Range"]))
    if hub.busy:
        hub.busy -= 1
        _send(handler, 503, b"")
    elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/(\w+)\?recursive=true", path):
        if match[1] in hub.files and match[2] == COMMIT:
            _send(handler, 200, hub.tree(match[1]) if hub.listing is None else hub.listing)
        else:
            _send(handler, 404, b"")
    elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/(\w+)/(.+)", path):
        to = hub.redirects_to or f"{hub.url}/cdn"
        _send(handler, 302, b"", Location=f"{to}/{match[1]}/{match[3].replace(' ', '%20')}")
    elif match := re.fullmatch(r"/cdn/([^/]+/[^/]+)/(.+)", path):
        _send_file(hub, handler, hub.sends.get(match[2], hub.files[match[1]][match[2]]))
    else:
        _send(handler, 404, b"")


def _send_file(hub: ScriptedHub, handler: BaseHTTPRequestHandler, raw: bytes) -> None:
    wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers["Range"] or "")
    start = int(wanted[1]) if wanted and not hub.ignores_ranges else 0
    handler.send_response(206 if start else 200)
    handler.send_header("Content-Length", str(len(raw) - start))
    handler.end_headers()
    end = start + hub.cut_after.pop(0) if hub.cut_after else len(raw)
    handler.wfile.write(raw[start:end])
    handler.close_connection = end < len(raw)


def _send(handler: BaseHTTPRequestHandler, status: int, raw: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)
