"""Specs in forks of a process that has collected them: as many side by side as there are cores."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any

import pytest

from pytest_tinytorch.run.reports import crash_report

Arrived = Callable[[pytest.TestReport], bool]
"""Told of each report; says whether to go on."""

Prepare = Callable[[pytest.Config], None]


@dataclass
class Shard:
    """A fork, and what it has still to run."""

    process: ForkProcess
    connection: Connection
    items: list[pytest.Item]


class Sender:
    """A plugin that sends what is reported to the process that forked."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self.config = config
        self.connection = connection

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.connection.send_bytes(json.dumps(data).encode())

    @pytest.hookimpl
    def pytest_runtest_logfinish(self) -> None:
        self.connection.send_bytes(b"null")


def cores() -> int:
    """How many processes can run side by side."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def run_in_forks(
    items: Sequence[pytest.Item], arrived: Arrived, prepare: Prepare, count: int
) -> None:
    """Run specs in forks, dealt out one by one; this process itself runs none of them.

    Args:
        items: the specs, the most urgent first.
        arrived: told of each report.
        prepare: called in each fork, before it runs anything.
        count: how many forks.
    """
    dealt = [list(items[first::count]) for first in range(count)]
    shards = [begin_shard(mine, prepare) for mine in dealt if mine]
    try:
        while shards:
            ready = wait([shard.connection for shard in shards])
            for shard in [shard for shard in shards if shard.connection in ready]:
                if not receive_message(shard, arrived):
                    return
                if shard.connection.closed:
                    shards.remove(shard)
                    if shard.items:  # it has crashed: another one goes on
                        shards.append(begin_shard(shard.items, prepare))
    finally:
        for shard in shards:
            shard.process.kill()
            shard.process.join()


def begin_shard(items: list[pytest.Item], prepare: Prepare) -> Shard:
    """Fork a process that runs ``items``."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=run_shard, args=(items, sending, prepare))
    process.start()
    sending.close()
    return Shard(process, receiving, items)


def run_shard(items: Sequence[pytest.Item], connection: Connection, prepare: Prepare) -> None:
    """What a fork does."""
    config = items[0].config
    prepare(config)
    config.pluginmanager.register(Sender(config, connection))
    for item, following in zip(items, [*items[1:], None], strict=True):
        config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def receive_message(shard: Shard, arrived: Arrived) -> bool:
    """Take one message from a fork, or its end; says whether to go on."""
    config = shard.items[0].config if shard.items else None
    try:
        data = json.loads(shard.connection.recv_bytes())
    except EOFError:
        shard.connection.close()
        shard.process.join()
        return arrived(crash_report(shard.items.pop(0))) if shard.items else True
    if data is None:
        del shard.items[0]
        return True
    assert config is not None
    report: Any = config.hook.pytest_report_from_serializable(config=config, data=data)
    return arrived(report)
