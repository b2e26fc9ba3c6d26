"""A server that answers as the hub does where a model is gated, absent, or lacks a file."""

from __future__ import annotations

import json

from local_server import LocalServer, Quiet

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(LocalServer):
    """Serves on a free port of this machine.

    `org/open` has a `config.json` and nothing else. Everybody may know of `org/gated`, and nobody may have its files.
    Other models are not there.
    """

    def __init__(self) -> None:
        class Handler(Quiet):
            def do_GET(self) -> None:
                self._answer()

            def do_HEAD(self) -> None:
                self._answer()

            def _answer(self) -> None:
                model = "/".join(self.path.removeprefix("/api/models").split("/")[1:3])
                if model not in ("org/open", "org/gated"):
                    self._say(401, error="RepoNotFound")
                elif self.path.startswith("/api/"):
                    files = [{"type": "file", "path": "config.json", "size": 2, "oid": COMMIT}]
                    told = files if "/tree/" in self.path else {"id": model, "sha": COMMIT, "siblings": []}
                    self._say(200, json.dumps(told).encode())
                elif model == "org/gated":
                    self._say(403, error="GatedRepo")
                elif self.path.endswith("/config.json"):
                    self._say(200, b"{}")
                else:
                    self._say(404, error="EntryNotFound")

            def _say(self, status: int, content: bytes = b"", error: str = "") -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("ETag", '"etag"')
                self.send_header("X-Repo-Commit", COMMIT)
                if error:
                    self.send_header("X-Error-Code", error)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(content)

        super().__init__(Handler)
