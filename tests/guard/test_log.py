"""The decision log, spans, hot reload and replayed history."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from mpr_logic.errors import GuardError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.log import DecisionLog, read_log

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
.action send(to: symbol)
.action pay(to: symbol)
@id(outside) @because("{T} is not one of us") forbid send(T) :- not ends_with(T, "@us").
@id(once) forbid pay(T) :- past pay(T).
@id(rate) forbid send(to: _) :- now(S), 3 <= N, N = count : { called(_, send, T), T > S - 60 }.
"""


def test_each_decision_is_a_line(tmp_path: Path) -> None:
    """A line says who asked what, what was decided, and by which rule of which line."""
    rules = tmp_path / "rules.dl"
    rules.write_text(RULES)
    guard = Guard(rules, log=DecisionLog(tmp_path / "log.jsonl"))
    first = guard.check("send", {"to": "ann@us"}, id="call_1", session="run_1")
    guard.record(first, True)
    guard.check("send", {"to": "eve@them"}, session="run_1")
    guard.check("guess", "{")
    assert guard.reload()
    lines = list(read_log(tmp_path / "log.jsonl"))
    assert [each["kind"] for each in lines] == ["decision", "result", "decision", "decision", "rules"]
    admitted, result, rejected, wrong, _ = lines
    assert (admitted["call"], admitted["session"], admitted["tool"]) == ("call_1", "run_1", "send")
    assert (admitted["arguments"], admitted["outcome"], admitted["runs"]) == ({"to": "ann@us"}, "admit", True)
    assert (result["id"], result["succeeded"]) == (admitted["id"], True)
    assert rejected["rules"] == [
        {"id": "outside", "where": f"{rules}:4:47", "text": '"eve@them" is not one of us'}
    ]
    assert rejected["version"] == guard.rules.program.version
    assert wrong["error"].startswith("StateError")


def test_secrets_stay_out_of_the_log(tmp_path: Path) -> None:
    """Nothing in a log with hashed arguments quotes them."""
    guard = Guard(text=RULES, log=DecisionLog(tmp_path / "log.jsonl", arguments="hash"))
    for arguments in ({"to": "hunter2@them"}, {"to": "hunter2@us", "hunter2": 1}, '{"hunter2'):
        guard.check("send", arguments)
    text = (tmp_path / "log.jsonl").read_text()
    assert "hunter2" not in text
    assert len({line["arguments_sha256"] for line in read_log(tmp_path / "log.jsonl")}) == 3


def test_torn_lines_are_passed_over(tmp_path: Path) -> None:
    """A line that a crash cut short harms neither the lines before it nor those after it."""
    path = tmp_path / "log.jsonl"
    Guard(text=RULES, log=DecisionLog(path)).check("send", {"to": "a@us"})
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    Guard(text=RULES, log=DecisionLog(path)).check("send", {"to": "b@us"})
    path.write_bytes(path.read_bytes() + b'7\n{"mpr_log": 9}\n\xff\n' + b"[" * 100_000)
    assert [each["arguments"]["to"] for each in read_log(path)] == ["a@us", "b@us"]


def test_logs_that_cannot_be_used(tmp_path: Path) -> None:
    """A folder, a missing folder and another option are refused; a log that breaks later rejects."""
    for path in (tmp_path, tmp_path / "no" / "log"):
        with pytest.raises(GuardError, match="log"):
            DecisionLog(path)
    with pytest.raises(GuardError, match="full or hash"):
        DecisionLog(None, arguments="some")  # type: ignore[arg-type]
    with pytest.raises(GuardError, match="cannot be read"):
        list(read_log(tmp_path / "none"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
def test_what_cannot_be_logged_is_rejected() -> None:
    """On a full disk no call runs, for it would leave no trace."""
    verdict = Guard(text=RULES, log=DecisionLog("/dev/full")).check("send", {"to": "a@us"})
    assert (verdict.outcome, verdict.runs) == ("reject", False)
    assert verdict.error is not None
    assert "could not be logged" in verdict.error


def test_lines_of_many_threads_do_not_mix(tmp_path: Path) -> None:
    """Each line is whole, whoever else writes."""
    guard = Guard(text=RULES, log=DecisionLog(tmp_path / "log.jsonl"))

    def work(name: str) -> None:
        for number in range(25):
            guard.check("send", {"to": f"{name}{number}@them" + "x" * 2000}, session=name)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert len([json.loads(each) for each in lines]) == 200


def test_history_can_be_replayed(tmp_path: Path) -> None:
    """A guard that has just been made takes up the history of a session from the log."""
    path = tmp_path / "log.jsonl"
    guard = Guard(text=RULES, log=DecisionLog(path))
    for number in range(3):
        guard.check("send", {"to": f"{number}@us"}, session="a")
    guard.record(guard.check("pay", {"to": "ann"}, session="a"), True)
    assert guard.check("pay", {"to": "ann"}, session="a").rules == ("once",)
    again = Guard(text=RULES)
    again.replay(read_log(path), session="a")
    assert again.check("pay", {"to": "ann"}, session="a").rules == ("once",)
    assert again.check("send", {"to": "4@us"}, session="a").rules == ("rate",)
    assert again.check("send", {"to": "4@us"}).runs
    hashed = tmp_path / "hashed.jsonl"
    Guard(text=RULES, log=DecisionLog(hashed, arguments="hash")).check("pay", {"to": "ann"})
    with pytest.raises(GuardError, match="hashes"):
        Guard(text=RULES).replay(read_log(hashed))


def waited(condition: Any) -> bool:
    """Whether it comes true within a long while."""
    last = time.monotonic() + 120
    while time.monotonic() < last:
        if condition():
            return True
        time.sleep(0.01)
    return False


def put(file: Path, text: str) -> None:
    """Write a file so that nobody sees half of it."""
    new = file.parent.parent / f"{file.name}.new"
    new.write_text(text)
    new.replace(file)


def test_changed_files_are_noticed(tmp_path: Path) -> None:
    """Rules that change on disk hold soon after; what does not compile is told, and changes nothing."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.dl").write_text(RULES)
    guard = Guard(folder, log=DecisionLog(tmp_path / "log.jsonl"))
    version = guard.health()["version"]
    guard.watch(0.02)
    try:
        guard.check("pay", {"to": "ann"})
        put(folder / "b.dl", "@id(bob) forbid pay(bob).")
        assert waited(lambda: guard.health()["version"] != version)
        assert guard.check("pay", {"to": "bob"}).rules == ("bob",)
        assert guard.check("pay", {"to": "ann"}).rules == ("once",)
        put(folder / "b.dl", "forbid pay(")
        assert waited(lambda: not guard.health()["ok"])
        assert "b.dl" in guard.health()["error"]
        assert guard.check("pay", {"to": "bob"}).rules == ("bob",)
        (folder / "b.dl").unlink()
        assert waited(lambda: guard.health()["version"] == version)
        assert guard.health()["ok"]
        assert guard.check("pay", {"to": "bob"}).runs
    finally:
        guard.close()
    errors = [line["error"] for line in read_log(tmp_path / "log.jsonl") if line["kind"] == "rules"]
    assert [error is None for error in errors] == [True, False, True]


def test_rules_that_do_not_fit_the_history_are_refused(tmp_path: Path) -> None:
    """Rules that change an action under calls that were made are refused; facts that nobody declares go."""
    file = tmp_path / "rules.dl"
    file.write_text(RULES + ".decl noted(x: symbol) input\n@id(n) forbid pay(T) :- noted(T).")
    guard = Guard(file)
    guard.update(add=["noted(bob)"])
    guard.check("pay", {"to": "ann"})
    file.write_text(RULES.replace("pay(to: symbol)", "pay(to: int)"))
    assert not guard.reload()
    assert not guard.check("pay", {"to": "bob"}).runs
    file.write_text(RULES)
    assert guard.reload()
    assert guard.check("pay", {"to": "bob"}).runs
    assert not guard.check("pay", {"to": "ann"}).runs


def test_facts_of_the_rules_change_with_them(tmp_path: Path) -> None:
    """A fact in a rule file comes and goes with the file; one that an action ended stays ended."""
    file = tmp_path / "rules.dl"
    head = ".decl open(d: symbol)\n.action leave(d: symbol)\n.action shut(d: symbol)\nshut(D) ends open(D).\n"
    rule = "@id(shut) forbid leave(D) :- not open(D).\n"
    file.write_text(head + rule + "open(a).\nopen(b).")
    guard = Guard(file)
    guard.record(guard.check("shut", {"d": "a"}), True)
    assert [guard.check("leave", {"d": d}).runs for d in "abc"] == [False, True, False]
    file.write_text(head + rule + "open(a).\nopen(c).")
    assert guard.reload()
    assert [guard.check("leave", {"d": d}).runs for d in "abc"] == [False, False, True]


def test_a_span_for_each_check() -> None:
    """A check is an OpenTelemetry span with its outcome and rules, and no arguments."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from opentelemetry import trace

    exporter = memory.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    Guard(text=RULES).check("send", {"to": "eve@them"}, id="call_1")
    (span,) = exporter.get_finished_spans()
    provider.shutdown()
    assert span.name == "mpr.check"
    assert span.attributes["mpr.outcome"] == "reject"
    assert span.attributes["mpr.rules"] == ("outside",)
    assert "eve@them" not in str(dict(span.attributes))
