"""A figure of matplotlib from beginning to end, without a window and without the global state of pyplot."""

from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import OutputError, UsageError
from detector.report.output_files import check_writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_picture_path(path: Path) -> None:
    """Raise ``UsageError`` for a file of another kind, ``OutputError`` for one that cannot be written."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise UsageError(f"A picture is a .png or an .svg file, and {path} is neither.")
    check_writable(path)


def new_figure(size_inches: tuple[float, float], dpi: int) -> "Figure":
    """An empty figure."""
    getLogger("matplotlib").setLevel("ERROR")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size_inches, dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: "Figure", path: Path) -> None:
    """Write it as the end of the name says; raises ``OutputError`` when the file cannot be written."""
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"The picture cannot be written to {path}: {getattr(error, 'strerror', None) or error}."
        ) from error
