"""Where converted models are kept, and whether what lies there may be trusted.

A folder that another user owns, or that anyone may write to, could hold weights that were planted; nothing is read
from it and nothing is written to it.
"""

import os
import stat
from pathlib import Path

_OURS = ("detect-text", "models")


def cache_root() -> Path:
    """``$XDG_CACHE_HOME``, where it is an absolute path, else ``~/.cache``."""
    named = Path(os.environ.get("XDG_CACHE_HOME") or "")
    if named.is_absolute():
        return named
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # an account without a home; the folder cannot be made, which its user is told
        return Path("/nonexistent/.cache")


def models_folder() -> Path:
    """The folder that holds one folder for each converted model; it need not exist."""
    return cache_root().joinpath(*_OURS)


def distrust(folder: Path) -> str | None:
    """Why ``folder``, one of ``models_folder()``, may not be used; None if it may.

    The answer is a clause about it or a folder above it. What does not exist is no reason.
    """
    ours = [folder, *list(folder.parents)[: len(_OURS)]]
    for place in (*ours, cache_root()):
        try:
            found = place.stat()
        except OSError:
            continue
        if place in ours and hasattr(os, "getuid") and found.st_uid != os.getuid():
            return f"{place} belongs to another user"
        # In a folder with the sticky bit, such as /tmp, nobody renames or removes what is another's.
        if os.name == "posix" and found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            return f"{place} may be written by anyone"
    return None


def size_bytes(folder: Path) -> int:
    """Of all files in a folder; 0 where there is none."""
    return sum(path.stat().st_size for path in folder.glob("*") if path.is_file())
