"""The scene of 2018: models in every form, measured, ranked and served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from milestones.experiments import pipeline
from milestones.experiments.pipeline import Digits, Step, Talk
from milestones.screen import Row, Screen, at_least, percent, threshold

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tinytorch.layers import Sequential
    from tinytorch.transformers import GPT

BOARD = Path(".tinytorch") / "leaderboard.json"


def show(screen: Screen) -> bool:
    """The whole pipeline on a terminal; returns whether its thresholds were reached."""
    from tinytorch.memoization import cached_generate

    seed = screen.options.seed
    data = pipeline.digits(seed)
    screen.say("The network of 1998, wider, and the GPT of 2017, with room for 256 tokens.\n")
    with screen.training("the network of 1998, wider", keep=False) as on_epoch:
        cnn = pipeline.trained_cnn(data, seed, on_epoch)
    with screen.console.status("pruning and distilling it", spinner="line"):
        models = forms(cnn, data, seed)
    with screen.training("a GPT with room for 256 tokens", keep=False) as on_epoch:
        gpt, talk = pipeline.trained_gpt(seed, on_epoch)
    quantized = pipeline.quantized_gpt(gpt, talk)
    steps = [pipeline.cnn_step(name, model, data) for name, model in models.items()]
    best = pipeline.frontier(steps)
    steps += [
        pipeline.gpt_step("as trained", gpt, pipeline.plainly, talk),
        pipeline.gpt_step("INT8", quantized, pipeline.plainly, talk),
        pipeline.gpt_step("with a cache", gpt, cached_generate, talk),
    ]
    show_steps(screen, steps, best)
    screen.picture("06_pareto", lambda axes: draw_frontier(axes, steps, best), size=(6, 4.5))
    show_leaderboard(screen, models, cnn, data)
    show_service(screen, models["INT8"], data)
    return screen.result(wanted(steps, models, gpt, quantized, talk, data))


def forms(cnn: Sequential, data: Digits, seed: int) -> dict[str, Sequential]:
    """The CNN in every form that is tried, by name."""
    pruned = pipeline.pruned_cnn(cnn, data)
    return {
        "as trained": cnn,
        "INT8": pipeline.quantized_cnn(cnn, data),
        "90% sparse": pruned,
        "90% sparse, INT8": pipeline.quantized_cnn(pruned, data),
        "distilled": pipeline.distilled_cnn(cnn, data, seed),
    }


def show_steps(screen: Screen, steps: Sequence[Step], best: Sequence[Step]) -> None:
    """Before and after each step: accuracy, bytes, latency, throughput."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("", "accuracy", "bytes", "latency", "a second", ""):
        table.add_column(title, justify="left" if not title else "right")
    for step in steps:
        name = Text(f"{step.model} {step.name}")
        numbers = (f"{step.accuracy:.1%}", f"{step.bytes:,}", f"{step.latency * 1e3:.2f} ms")
        mark = screen.glyphs.passed if step in best else ""
        table.add_row(name, *numbers, f"{step.throughput:,.0f}", mark)
    screen.console.print(table)
    told = f"{screen.glyphs.passed} not beaten in latency, bytes and accuracy together (Pareto)"
    screen.say(told, "dim")


def draw_frontier(axes: Axes, steps: Sequence[Step], best: Sequence[Step]) -> None:
    """Bytes against latency, with the accuracy beside each form of the CNN."""
    for step in steps:
        if step.model == "CNN":
            color = "tab:green" if step in best else "tab:gray"
            axes.scatter(step.latency * 1e3, step.bytes / 1e3, color=color)
            place = (step.latency * 1e3, step.bytes / 1e3)
            label = f"{step.name}\n{step.accuracy:.1%}"
            axes.annotate(label, place, textcoords="offset points", xytext=(6, 4), size=8)
    axes.set(xlabel="latency in ms, 90th percentile", ylabel="kilobytes", title="CNN")
    axes.margins(0.3)


def show_leaderboard(
    screen: Screen, models: Mapping[str, Sequential], cnn: Sequential, data: Digits
) -> None:
    """Enter every form in every track, beside all earlier attempts, and show who leads."""
    from tinytorch.competition import TRACKS, InvalidSubmission, Leaderboard

    try:
        board = Leaderboard.load(BOARD)
    except InvalidSubmission as error:
        screen.say(
            f"Starting a new leaderboard, because the old one cannot be read: {error}", "yellow"
        )
        BOARD.replace(BOARD.with_suffix(".damaged"))
        board = Leaderboard()
    attempts = {name: model for name, model in models.items() if model is not cnn}
    for submission in pipeline.submissions(attempts, cnn, data):
        board.enter(submission)
    board.save(BOARD)
    screen.say(f"\nLeaderboard of {len(board.submissions)} entries, in {BOARD}:", "bold")
    for track in TRACKS:
        leaders = [f"{made.name} {points:.1f}x" for points, made in board.ranking(track)[:3]]
        screen.say(f"  {track:<8} {', '.join(leaders)}")


def show_service(screen: Screen, model: Sequential, data: Digits) -> None:
    """Let requests come at random times, and tell how they were served."""
    report, _ = pipeline.served(model, data)
    latencies = (report.p50, report.p95, report.p99)
    milliseconds = [f"{(seconds or 0) * 1000:.0f}" for seconds in latencies]
    screen.say(
        f"Served {report.answered} requests, {report.throughput:.0f} per second, {report.errors} errors:"
        f" p50 {milliseconds[0]} ms, p95 {milliseconds[1]} ms, p99 {milliseconds[2]} ms;"
        f" inputs have drifted by {report.drift:.2f}.\n"
    )


def wanted(
    steps: Sequence[Step],
    models: Mapping[str, Sequential],
    gpt: GPT,
    quantized: GPT,
    talk: Talk,
    data: Digits,
) -> list[Row]:
    """What the run has to reach."""
    from tinytorch.compression import sparsity
    from tinytorch.memoization import cached_generate

    accuracy = {(step.model, step.name): step.accuracy for step in steps}
    smaller = pipeline.weight_bytes(models["as trained"]) / pipeline.weight_bytes(models["INT8"])
    cached = pipeline.times_as_fast(
        pipeline.long_text(pipeline.plainly, gpt, talk),
        pipeline.long_text(cached_generate, gpt, talk),
    )
    fast, loops = pipeline.first_layer(models["as trained"], data)
    share = sparsity(models["90% sparse"])
    return [
        times("INT8 weights smaller", smaller, "int8_weights_smaller"),
        lost(accuracy, "CNN", "INT8", "int8_points_lost_at_most"),
        lost(accuracy, "GPT", "INT8", "int8_points_lost_at_most"),
        at_least("weights pruned", round(share, 3), threshold("06", "sparsity")),
        lost(accuracy, "CNN", "90% sparse", "sparse_points_lost_at_most"),
        times("256 tokens with a cache", cached, "cached_times_as_fast"),
        times(
            "convolution against loops", pipeline.times_as_fast(loops, fast), "kernel_times_as_fast"
        ),
    ]


def times(name: str, value: float, wanted: str) -> Row:
    """A row for a ratio that has to reach the threshold ``wanted``."""
    least = threshold("06", wanted)
    return name, f"{value:.1f} times", f"at least {least:g} times", value >= least


def lost(accuracy: Mapping[tuple[str, str], float], model: str, name: str, wanted: str) -> Row:
    """A row for the accuracy that a model may lose: the threshold ``wanted`` at most."""
    most = threshold("06", wanted)
    value = accuracy[model, "as trained"] - accuracy[model, name]
    told = f"{value:+.1%}".replace("+", "")
    return f"{model}, {name}: lost", told, f"at most {percent(most)}", value <= most
