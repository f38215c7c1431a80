"""Pictures of what a milestone found, as PNG files. They need matplotlib: the extra ``plots``."""

from pytest_tinytorch.api import PICTURES


def save(name, draw, columns=1, rows=1, size=(4.5, 4.5)):
    """Let ``draw`` fill a figure, and save it.

    Args:
        name: of the file, without its ending.
        draw: called with the axes: one, or an array of them if there are several.
        columns, rows: how many axes.
        size: of each, in inches.
    Returns:
        The file's path, or None where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=(columns * size[0], rows * size[1]), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.subplots(rows, columns))
    file = PICTURES / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
    return file
