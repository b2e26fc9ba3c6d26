"""A server with the wire format of vLLM's `/classify` for chats, in front of a function that gives rewards."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from math import exp
from typing import Any

from local_server import LocalServer, Quiet

Reply = tuple[int, dict[str, Any]]


class RewardServer(LocalServer):
    """Serves on a free port of this machine; `faults` are replies to the next requests instead of rewards."""

    def __init__(self, reward: Callable[[list[Any]], float]) -> None:
        self.faults: list[Reply] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        lock = threading.Lock()
        outer = self

        class Handler(Quiet):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.asked.append(body)
                    outer.headers.append(dict(self.headers))
                    fault = outer.faults.pop(0) if outer.faults else None
                    status, told = fault or self._told(body)
                content = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _told(self, body: dict[str, Any]) -> Reply:
                if self.path != "/classify":
                    return 404, {"error": {"message": "Not Found", "code": 404}}
                number = reward(body["messages"])
                # What vLLM does to a single number unless it is told not to.
                number = 1 / (1 + exp(-number)) if body.get("use_activation") in (None, True) else number
                data = {"index": 0, "label": "LABEL_0", "probs": [number], "num_classes": 1}
                return 200, {"id": "classify-1", "object": "list", "model": body["model"], "data": [data]}

        super().__init__(Handler)


def replies(*statuses: int, message: str = "") -> Sequence[Reply]:
    """Refusals in the form of vLLM's."""
    return [(status, {"error": {"message": message, "code": status}}) for status in statuses]
