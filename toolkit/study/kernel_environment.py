"""The environment of a kernel: made from nothing, the same on every machine and for every user."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE_HOME = Path(__file__).resolve().parents[2]

# What a process needs to run at all. Nothing else is taken from the caller's environment.
_INHERITED = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
)
_FIXED = {
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "USER": "study",
    "LOGNAME": "study",
    "USERNAME": "study",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "PYTHONSAFEPATH": "1",
    "PYTHONNOUSERSITE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # a thread that a fork would lose
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "SOURCE_DATE_EPOCH": "0",  # the date that matplotlib writes into pictures
}


def kernel_environment(shared: Path, own: Path) -> dict[str, str]:
    """Return the whole environment of a kernel.

    Parameters
    ----------
    shared : Path
        Folder for what all kernels of a run share: the font list of matplotlib.
    own : Path
        Folder of this kernel: its home and its temporary files.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    python_path = [os.path.abspath(entry) for entry in given if entry]
    if _PACKAGE_HOME.name not in ("site-packages", "dist-packages"):
        python_path.insert(0, str(_PACKAGE_HOME))  # a clone: chapters import the toolkit that asks
    home = str(own)
    folders = {
        "HOME": home,
        "USERPROFILE": home,
        "TMPDIR": home,
        "TEMP": home,
        "TMP": home,
        "IPYTHONDIR": str(own / "ipython"),
        "JUPYTER_CONFIG_DIR": str(own / "jupyter"),
        "JUPYTER_DATA_DIR": str(own / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(own / "jupyter"),
        "MPLCONFIGDIR": str(shared / "matplotlib"),
        "PYTHONPATH": os.pathsep.join(python_path),
    }
    return {**inherited, **_FIXED, **folders}
