"""Faults of the machine, told apart from those of a chapter.

A chapter that fails by itself is a result of the study, and the book shows it. A full disk or a
process that the system killed says nothing about the study, so no book is made from such a run.
"""

from __future__ import annotations

import errno
import os
import re
import signal

_ERRORS = tuple(
    getattr(errno, name)
    for name in ("EIO", "ENOSPC", "EDQUOT", "EROFS", "ENOMEM", "ENFILE", "EMFILE", "ESTALE")
    if hasattr(errno, name)
)
# What a kernel's errors look like from outside; libraries put them into words of their own.
_WORDS = re.compile(
    "|".join(
        [
            r"\bMemoryError\b",
            rf"\[errno (?:{'|'.join(map(str, _ERRORS))})\]",
            *(re.escape(os.strerror(number)) for number in _ERRORS),
        ]
    ),
    re.IGNORECASE,
)
# SIGBUS is what a mapped file gets whose disk is full or cannot be read.
_SIGNALS = tuple(-getattr(signal, name) for name in ("SIGKILL", "SIGBUS") if hasattr(signal, name))


class MachineError(RuntimeError):
    """A run was stopped by its machine: the earlier book stands, and what to do about it."""

    def __init__(self, chapter: str, cause: str) -> None:
        super().__init__(
            f"{chapter}: {cause}\n"
            "That is a fault of this machine, of its disk or its memory, and not of the chapter: "
            "no book was made, and what was delivered before has not changed. Chapters that were "
            "done are kept, so mend it and run again; --jobs 1 needs less memory, and --chapters "
            "can leave this one out."
        )


def is_machine_fault(error: BaseException) -> bool:
    """Whether an exception, or one that it came from, is a fault of the machine.

    Examples
    --------
    >>> is_machine_fault(OSError(errno.ENOSPC, "No space left on device"))
    True
    >>> is_machine_fault(FileNotFoundError(errno.ENOENT, "No such file or directory"))
    False
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        number = getattr(link, "errno", None)
        if isinstance(link, MemoryError) or number in _ERRORS or names_machine_fault(str(link)):
            return True
        link = link.__cause__ or link.__context__
    return False


def names_machine_fault(text: str) -> bool:
    """Whether an error message or a traceback names a fault of the machine; code does not count.

    Examples
    --------
    >>> names_machine_fault("OSError: [Errno 28] No space left on device")
    True
    >>> names_machine_fault("    raise MemoryError  # a line of code is indented")
    False
    """
    return any(_WORDS.search(line) for line in text.splitlines() if line[:1].strip())


def killed_by_machine(exit_code: int) -> bool:
    """Whether a process that ended so was ended by the system, as when memory runs out.

    Examples
    --------
    >>> killed_by_machine(-9), killed_by_machine(-11), killed_by_machine(1)
    (True, False, False)
    """
    return exit_code in _SIGNALS
