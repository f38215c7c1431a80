"""What `tito lsp` says to a person: of what is no message, of an editor that is gone, and in a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.lsp.client import PATIENCE
from tests.support import toy
from tests.support.warm import learners_environment
from tests.watch.test_watch import WRONG

SERVER = [sys.executable, "-m", "pytest_tinytorch.tito", "lsp"]
INITIALIZE = {"processId": None, "rootUri": None, "capabilities": {}}
terminals = pytest.mark.skipif(sys.platform == "win32", reason="there is no such terminal there")


@pytest.fixture
def root(tmp_path):
    """A toy workspace whose first module is wrong."""
    root = toy.build(tmp_path.resolve())
    toy.write(root, {"tinytorch/adding.py": WRONG})
    return root


def framed(body):
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def message(**parts):
    return framed(json.dumps({"jsonrpc": "2.0"} | parts).encode())


HELLO = message(id=1, method="initialize", params=INITIALIZE)
GOODBYE = message(id=2, method="shutdown") + message(method="exit")


def started(root, **how):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(SERVER, cwd=root, env=learners_environment(), **pipes | how)


def told(root, data):
    """The exit code, and the lines on standard error."""
    with started(root) as server:
        _, errors = server.communicate(data, timeout=PATIENCE)
        return server.returncode, errors.decode().splitlines()


class TestWhatIsNoMessage:
    @pytest.mark.parametrize(
        "data", [b"", b"hello\n", b"\xff\x00\r\n\r\n", b"Content-Length: 5\r\n"]
    )
    def test_is_answered_with_what_this_is_for(self, root, data):
        code, (line,) = told(root, data)
        assert code == 1
        assert line.startswith("tito lsp: standard input has ended, and no editor has said hello")
        assert "`tito docs editors`" in line

    @pytest.mark.parametrize("body", [b"hello", b"[1]", b"3", b"\xff\xfe", b'{"method": 1}'])
    def test_is_told_in_a_line_and_passed_over(self, root, body):
        code, (line,) = told(root, framed(body) + HELLO + GOODBYE)
        assert code == 0
        assert line.startswith("tito lsp: this is no message: ")


def test_an_editor_that_is_gone_is_told_nothing_and_nobody_hears_of_it(root):
    uri = (root / "tinytorch" / "adding.py").as_uri()
    one = {"uri": uri, "languageId": "python", "version": 1, "text": WRONG}
    opened = message(method="textDocument/didOpen", params={"textDocument": one})
    asked = message(id=2, method="textDocument/codeLens", params={"textDocument": {"uri": uri}})
    with started(root) as server:
        server.stdin.write(HELLO)
        server.stdin.flush()
        assert server.stdout.readline().startswith(b"Content-Length")
        server.stdout.close()
        server.stdin.write(opened + asked)
        server.stdin.close()
        assert server.stderr.read() == b""
        assert server.wait(PATIENCE) == 1


@terminals
class TestTerminal:
    @pytest.fixture
    def terminal(self):
        """Its two ends: that of a person, and that of programs."""
        ends = os.openpty()
        yield ends
        for end in ends:
            os.close(end)

    def test_has_a_watch_instead(self, root, terminal):
        with started(root, stdin=terminal[1]) as server:
            text = " ".join(server.communicate(timeout=PATIENCE)[1].decode().split())
            assert server.returncode == 2
        for words in ("your editor starts this", "tito editor", "tito docs editors", "tito watch"):
            assert words in text

    def test_is_told_what_is_waited_for_and_how_to_leave(self, root, terminal):
        with started(root, stderr=terminal[1]) as server:
            text = os.read(terminal[0], 1000).decode()
            assert text.startswith("tito lsp: waits for an editor")
            assert "Ctrl-C ends it" in text
            server.send_signal(signal.SIGINT)
            assert server.wait(PATIENCE) == 130
