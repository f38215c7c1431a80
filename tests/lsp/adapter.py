"""A debugger without a screen: it starts Python's debug adapter, and stops where it is told to."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from contextlib import contextmanager

from tests.lsp.client import PATIENCE
from tests.support.warm import learners_environment


class Debugger:
    """A session of debugpy's adapter, which speaks the Debug Adapter Protocol."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "debugpy.adapter"],
            cwd=folder,
            env=learners_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.numbers = iter(range(1, 1 << 30))
        self.told = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def begin(self, command, **arguments):
        """Ask, and do not wait for the answer: its number."""
        number = next(self.numbers)
        message = {"seq": number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()
        return number

    def ask(self, command, **arguments):
        number = self.begin(command, **arguments)
        answer = self.until(lambda message: message.get("request_seq") == number)
        assert answer["success"], answer
        return answer.get("body", {})

    def until(self, is_it):
        """The next message of some kind."""
        while True:
            message = self.told.get(timeout=PATIENCE)
            assert message is not None, "the debug adapter is gone"
            if is_it(message):
                return message

    def event(self, name):
        return self.until(lambda message: message.get("event") == name).get("body", {})

    def _listen(self):
        while (length := self._length()) is not None:
            self.told.put(json.loads(self.process.stdout.read(length)))
        self.told.put(None)

    def _length(self):
        length = None
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return length

    def launch(self, configuration, stops):
        """Start a program that stops at lines, from 1, of files."""
        self.ask("initialize", adapterID="debugpy", pathFormat="path", linesStartAt1=True)
        self.begin("launch", **configuration)
        self.event("initialized")
        for file, lines in stops.items():
            places = [{"line": line} for line in lines]
            self.ask("setBreakpoints", source={"path": str(file)}, breakpoints=places)
        self.ask("configurationDone")

    def stopped(self):
        """Where the program has stopped next: the function, the line, and the names there."""
        thread = self.event("stopped")["threadId"]
        frame = self.ask("stackTrace", threadId=thread, levels=1)["stackFrames"][0]
        (scope, *_) = self.ask("scopes", frameId=frame["id"])["scopes"]
        found = self.ask("variables", variablesReference=scope["variablesReference"])["variables"]
        return frame["name"], frame["line"], {one["name"]: one["value"] for one in found}

    def go_on(self):
        self.ask("continue", threadId=1)


@contextmanager
def debugging(folder):
    one = Debugger(folder)
    try:
        yield one
        one.ask("disconnect", terminateDebuggee=True)
    finally:
        one.process.kill()
        one.process.wait()
