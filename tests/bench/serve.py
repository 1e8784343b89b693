"""``python -m tests.bench.serve [--requests N] [--at-once N]``: ``mpr serve`` under load.

A server in a process of its own; clients in this one, on connections that are kept. Every answer is held
against what it must be. Printed: requests per second, p50 and p99 of each tenth of the run, and the server's
resident memory behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

TOP = Path(__file__).parent.parent.parent
RULES = """
.decl internal(address: symbol)
.action send(to: symbol, text: symbol)
internal("ann@us").
@because("{T} is not one of us") forbid send(to: T) :- not internal(T).
"""


def resident(process: int) -> float:
    """The resident memory of a process, in MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def client(port: int, numbers: range, times: list[float]) -> int:
    """Ask for each number; returns how many answers were wrong."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wrong = 0
    for number in numbers:
        to = "ann@us" if number % 2 else f"p{number}@them"
        arguments = {"to": to, "text": f"message {number}"}
        body = json.dumps({"tool": "send", "arguments": arguments}).encode()
        head = "POST /check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
        start = time.perf_counter()
        writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
        answer = await answered(reader)
        times.append(time.perf_counter() - start)
        wrong += answer["runs"] is not (to == "ann@us") or answer["arguments"] != arguments
    writer.close()
    return wrong


async def answered(reader: asyncio.StreamReader) -> Any:
    """The JSON of one response."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return json.loads(await reader.readexactly(length))


async def load(port: int, process: int, requests: int, at_once: int) -> int:
    """Ten tenths of the load."""
    wrong = 0
    print(f"{'requests':>9} {'per s':>8} {'p50 ms':>8} {'p99 ms':>8} {'MiB':>8}   (at once: {at_once})")
    for tenth in range(10):
        each = requests // 10 // at_once
        first = tenth * each * at_once
        times: list[float] = []
        start = time.perf_counter()
        wrong += sum(
            await asyncio.gather(
                *(
                    client(port, range(first + n, first + each * at_once, at_once), times)
                    for n in range(at_once)
                )
            )
        )
        seconds = time.perf_counter() - start
        times.sort()
        p50, p99 = times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3
        done = first + each * at_once
        print(
            f"{done:>9} {len(times) / seconds:>8.0f} {p50:>8.2f} {p99:>8.2f} {resident(process):>8.1f}",
            flush=True,
        )
    print(f"wrong answers: {wrong}")
    return wrong


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.serve", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--at-once", type=int, default=100)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.dl")
        rules.write_text(RULES, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "mpr_logic.cli",
            "serve",
            str(rules),
            "--port",
            "0",
            "--seconds",
            "30",
        ]
        with subprocess.Popen(command, cwd=TOP, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            port = int(server.stderr.readline().rpartition(":")[2])
            try:
                return 1 if asyncio.run(load(port, server.pid, options.requests, options.at_once)) else 0
            finally:
                server.terminate()


if __name__ == "__main__":
    raise SystemExit(main())
