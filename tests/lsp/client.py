"""An editor without a screen: it starts `tito lsp`, speaks with it, and remembers what it is told."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.warm import learners_environment

PATIENCE = 120
"""Seconds after which a test is sure that nothing will come; nothing is measured with it."""
ABLE = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}},
    },
    "workspace": {
        "workspaceEdit": {"documentChanges": True},
        "codeLens": {"refreshSupport": True},
        "workspaceFolders": True,
    },
    "window": {"showDocument": {"support": True}, "workDoneProgress": True},
    "experimental": {"tinytorchStatus": True},
}
"""What an editor can do that can do all."""


class Editor:
    """An editor, and the server that it has started."""

    def __init__(self, folder, capabilities=ABLE, variables=None, words=()):
        self.process = subprocess.Popen(
            [*words, sys.executable, "-m", "pytest_tinytorch.tito", "lsp", "--stdio"],
            cwd=folder,
            env=learners_environment() | dict(variables or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.writing = threading.Lock()
        self.numbers = iter(range(1, 1 << 30))
        self.answers = {}
        self.told = queue.SimpleQueue()
        self.everything = []
        self.seen = []
        self.shown = {}
        self.versions = {}
        threading.Thread(target=self._listen, daemon=True).start()
        if capabilities is not None:
            self.initialize(capabilities)

    # The protocol

    def initialize(self, capabilities):
        params = {"processId": None, "rootUri": None, "capabilities": capabilities}
        self.server = self.ask("initialize", params | {"workspaceFolders": None})
        self.tell("initialized", {})

    def send(self, **message):
        body = json.dumps({"jsonrpc": "2.0"} | message).encode()
        with self.writing:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self.process.stdin.flush()

    def tell(self, method, params):
        self.send(method=method, params=params)

    def begin(self, method, params):
        """Ask, and do not wait for the answer: its number."""
        number = next(self.numbers)
        self.answers[number] = queue.SimpleQueue()
        self.send(id=number, method=method, params=params)
        return number

    def answer(self, number):
        """The answer to what was asked; an error of the server is one of the test."""
        message = self.answers[number].get(timeout=PATIENCE)
        assert "error" not in message, message
        return message["result"]

    def ask(self, method, params):
        return self.answer(self.begin(method, params))

    def refused(self, method, params):
        """The error that answers."""
        number = self.begin(method, params)
        return self.answers[number].get(timeout=PATIENCE)["error"]

    def _listen(self):
        while (message := self._read()) is not None:
            if "method" not in message:
                self.answers[message["id"]].put(message)
                continue
            if "id" in message:  # what the server asks for is granted
                with suppress(OSError, ValueError):  # but not any more by one that has vanished
                    self.send(id=message["id"], result=None)
            self.everything.append(message)
            self.told.put(message)
        self.told.put(None)

    def _read(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self.process.stdout.read(length)) if length else None

    # What a person does

    def open(self, file, text=None):
        text = file.read_text(encoding="utf-8") if text is None else text
        self.versions[file] = 1
        one = {"uri": file.as_uri(), "languageId": "python", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": one})

    def type(self, file, text, place=None):
        """Put text in the place of everything, or of what lies between two positions."""
        self.versions[file] += 1
        one = {"uri": file.as_uri(), "version": self.versions[file]}
        change = {"text": text} | ({"range": place} if place else {})
        params = {"textDocument": one, "contentChanges": [change]}
        self.tell("textDocument/didChange", params)

    def save(self, file, text):
        """Type a whole text, and save it."""
        self.type(file, text)
        file.write_text(text, encoding="utf-8", newline="")
        self.tell("textDocument/didSave", {"textDocument": {"uri": file.as_uri()}})

    def close(self, file):
        self.tell("textDocument/didClose", {"textDocument": {"uri": file.as_uri()}})

    def about(self, file, method, **params):
        """Ask something about a document."""
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": file.as_uri()}} | params)

    def actions(self, file, line):
        """What can be done at a line, from 0."""
        place = {"line": line, "character": 0}
        context = {"diagnostics": self.diagnostics(file)}
        return self.about(file, "codeAction", range={"start": place, "end": place}, context=context)

    def titles(self, file, line):
        """The titles of the code lenses at a line, from 0."""
        found = self.about(file, "codeLens")
        return [one["command"]["title"] for one in found if one["range"]["start"]["line"] == line]

    def execute(self, command, *arguments):
        return self.ask(
            "workspace/executeCommand", {"command": command, "arguments": list(arguments)}
        )

    # What a person sees

    def next(self):
        """The next message of the server, which changes what is seen."""
        message = self.told.get(timeout=PATIENCE)
        assert message is not None, "the server is gone"
        self.seen.append(message)
        if message["method"] == "textDocument/publishDiagnostics":
            params = message["params"]
            self.shown[params["uri"]] = params["diagnostics"]
        return message

    def until(self, is_there):
        """Wait until something is true of this editor."""
        while not is_there():
            self.next()

    def wait(self, method):
        """The parameters of the next message of some kind."""
        while (message := self.next())["method"] != method:
            pass
        return message.get("params")

    def seen_last(self, method):
        """The parameters of the last message of some kind that has come."""
        return next(one["params"] for one in reversed(self.seen) if one["method"] == method)

    def diagnostics(self, file, severity=None):
        found = self.shown.get(file.as_uri(), [])
        return [one for one in found if severity in (None, one["severity"])]

    def end(self):
        """The end as the protocol has it; the exit code."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(PATIENCE)


@contextmanager
def editing(folder, capabilities=ABLE, **more):
    one = Editor(Path(folder), capabilities, **more)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()
