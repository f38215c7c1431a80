"""Names of the framework under test, looked up only when a spec uses them.

A module that is missing, broken or half written then turns its own specs red, and never keeps a
spec file from being collected.
"""

import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any

from pytest_tinytorch.api import MissingName


class Lazy:
    """Stands for ``tinytorch.<module>.<name>``: call it, read its attributes, derive from it.

    ``isinstance(x, lazy)`` works too. ``resolve()`` gives the real object.
    """

    def __init__(self, module: str, name: str) -> None:
        self.__dict__.update(_module=module, _name=name)

    def resolve(self) -> Any:
        """The real object; MissingName if the module has none of that name."""
        name = f"tinytorch.{self._module}"
        module = sys.modules.get(name) or import_module(name)
        try:
            return getattr(module, self._name)
        except AttributeError:
            raise MissingName(module.__name__, self._name, module.__file__) from None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.resolve()(*args, **kwargs)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):  # asked by pytest and inspect while collecting
            raise AttributeError(attribute)
        return getattr(self.resolve(), attribute)

    def __instancecheck__(self, instance: object) -> bool:
        real = self.resolve()
        return isinstance(real, type) and isinstance(instance, real)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any]:
        return (self.resolve(),)

    def __repr__(self) -> str:
        return str(self._name)


def lazy(module: str, *names: str) -> Any:
    """Stand-ins for ``names`` of ``tinytorch.<module>``; one name gives one stand-in.

    >>> relu, gelu = lazy("activations", "relu", "gelu")
    >>> relu
    relu
    """
    stands = tuple(Lazy(module, name) for name in names)
    return stands[0] if len(stands) == 1 else stands


def import_modules(things: Iterable[object]) -> None:
    """Import the modules of all stand-ins among ``things``, so that no spec measures an import.

    What cannot be imported is passed over: the specs that use it are told.
    """
    modules = {thing._module for thing in things if type(thing) is Lazy}
    for name in modules:
        with suppress(Exception):
            import_module(f"tinytorch.{name}")


def resolve(thing: Any) -> Any:
    """The real object behind a stand-in; anything else as it is."""
    return thing.resolve() if isinstance(thing, Lazy) else thing
