"""The face of a package of statistics: its public names, each loaded when it is first used.

The names stand in the package's ``__init__.pyi``, which editors and type checkers read as well, so
that completion shows what is public and nothing else. Importing a package loads no statistic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lazy_loader

from toolkit._old_names import old_function


def face(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Parameters
    ----------
    package, file : str
        ``__name__`` and ``__file__`` of the package.
    """
    attribute, directory, names = lazy_loader.attach_stub(package, file)

    def find(name: str) -> Any:
        """Return a public name, or what an old name stands for."""
        return attribute(name) if name in names else old_function(name)

    return find, directory, names
