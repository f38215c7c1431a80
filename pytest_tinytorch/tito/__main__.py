"""The program: the command `tito`, and `python -m pytest_tinytorch.tito` where that is not on the path."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys

from pytest_tinytorch.evidence import paths

NEW_OBJECTS = 50_000
"""How many objects are made before Python looks for circles among them. What shows a screen makes fewer."""


class Ending:
    """Ends the process when all is done but to take it apart, which takes a twentieth of a command.

    The system takes back all memory at once. Registered first, it is called last: threads have ended then,
    and all else that waits for the end has been called.

    Attributes:
        code: the exit code; None where Python decides, as after an exception that nobody has caught.
    """

    code: int | None = None

    def __call__(self) -> None:
        if self.code is None:
            return
        try:
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
        except (OSError, ValueError):
            return  # nobody reads any more, or it is closed: Python knows what to say
        os._exit(self.code)


def import_msgspec() -> None:
    """Import msgspec as where nothing has installed typing_extensions.

    It would import that for two types that `typing` has as well, and take half as long again.
    """
    name = "typing_extensions"
    if name not in sys.modules:
        sys.modules[name] = None  # type: ignore[assignment]  # which is: not to be found
        try:
            import msgspec  # noqa: F401 - all values of ours are made of it
        finally:
            del sys.modules[name]


def run() -> None:
    """Run a command. Looking for garbage took a quarter of its time: to begin with, and at its end."""
    gc.set_threshold(NEW_OBJECTS)
    ending = Ending()
    atexit.register(ending)
    try:
        import_msgspec()
        from pytest_tinytorch.tito.main import main

        main(prog_name="tito")
    except SystemExit as ended:
        ending.code = ended.code if isinstance(ended.code, int) else None
        raise
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in paths.BUILT_ON | {"click"}:
            raise
        ending.code = 1
        sys.exit(f"Error: {sys.executable} has no {name}: {paths.INSTALL} your workspace")
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        ending.code = 1
        tell(error)
        sys.exit(ending.code)


def tell(error: OSError) -> None:
    """Say in a line what cannot be read or written, which no command has expected.

    Where standard output is full, what that still holds is given up.
    """
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = None
    told = f"{error.filename}: {error.strerror}"
    if error.errno == errno.ENOSPC:
        where = error.filename or "the device that this is written to"
        told = f"no space is left on {where}: free some, or write elsewhere"
    print(f"Error: {told}", file=sys.stderr)


if __name__ == "__main__":
    run()
