"""The contract of all adapters: one list of scenarios, and the protocol of an adapter's driver.

An adapter's test file has a :class:`Driver` and runs all :data:`SCENARIOS` with it::

    @pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
    def test_contract(scenario: Scenario, tmp_path: Path) -> None:
        scenario(MyDriver(), tmp_path)

A driver lets a scripted model propose calls in one turn, through the real framework, with the office's
tools behind the guard.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pytest

from mpr_logic.guard import conversation
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.log import DecisionLog, read_log
from mpr_logic.guard.recordings import messages
from mpr_logic.guard.tools import Tools

if TYPE_CHECKING:
    from pathlib import Path

    from mpr_logic.guard.verdict import Verdict


@dataclass(frozen=True)
class Proposed:
    """A call that the scripted model proposes: ``arguments`` is the text that it writes."""

    tool: str
    arguments: str
    id: str


class Driver(Protocol):
    """Runs one turn through an adapter. ``name`` is the adapter's. ``answers_itself`` names the scenarios
    (functions below) in which the framework refuses a call before the guard sees it, in its own words;
    ``cannot`` maps those that the framework has no way to bring about to the reason. A run of a turn tells
    the user's words too, where the adapter can pass them."""

    name: str
    answers_itself: frozenset[str]
    cannot: dict[str, str]

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        """Let the model propose these calls in one turn. Returns, by the id of each call, what the model
        is told: the tool's result, or why it was not run."""


def content(path: str) -> str:
    """The content of a file of the office."""
    return '{"owner": "ann", "balance": 3}' if path == "/data/record" else f"read {path}"


@dataclass
class Office:
    """The tools: they keep what was run, and with what."""

    ran: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def send(self, to: list[str], text: str, copy: str | None = None) -> str:
        """Send a message."""
        with self.lock:
            left_out = {} if copy is None else {"copy": copy}
            self.ran.append(("send", {"to": to, "text": text, **left_out}))
        return f"sent to {len(to)}"

    def pay(self, to: str, amount: float) -> str:
        """Pay someone."""
        with self.lock:
            self.ran.append(("pay", {"to": to, "amount": amount}))
        return f"paid {amount:g}"

    def read(self, path: str) -> str:
        """Read a file."""
        with self.lock:
            self.ran.append(("read", {"path": path}))
        return content(path)

    def functions(self) -> dict[str, Callable[..., str]]:
        """The tools by name."""
        return {"send": self.send, "pay": self.pay, "read": self.read}

    def schemas(self) -> list[dict[str, Any]]:
        """The tools as OpenAI's chat completions describe them."""
        text: dict[str, Any] = {"type": "string"}
        properties: dict[str, tuple[dict[str, Any], list[str]]] = {
            "send": ({"to": {"type": "array", "items": text}, "text": text, "copy": text}, ["to", "text"]),
            "pay": ({"to": text, "amount": {"type": "number"}}, ["to", "amount"]),
            "read": ({"path": text}, ["path"]),
        }
        return [
            {
                "type": "function",
                "function": {
                    "name": name,
                    "description": self.functions()[name].__doc__,
                    "parameters": {
                        "type": "object",
                        "properties": each,
                        "required": required,
                        "additionalProperties": False,
                    },
                },
            }
            for name, (each, required) in properties.items()
        ]


RULES = """
.decl internal(address: symbol) changed_by("the operator")
.decl late(address: symbol) input
internal("ann@us").
internal("bob@us").

@id(outside) @because("{T} is not one of us")
forbid send(to: L) :- item(L, _, T), not internal(T).

@id(large) @escalate @because("{A} is much")
forbid pay(amount: A) :- A > 100.0.

@id(once) @because("{T} was paid already")
forbid pay(to: T) :- past pay(to: T).

@id(late) forbid pay(to: T) :- late(T).

@id(workspace) @rewrite(path, "/data/{P}")
forbid read(path: P) :- not starts_with(P, "/data/"), not starts_with(P, "/").

@id(elsewhere) @because("{P} is outside of /data")
forbid read(path: P) :- starts_with(P, "/"), not starts_with(P, "/data/").

@id(climbing) @because("{P} climbs out by `..`")
forbid read(path: P) :- contains(P, "..").

@id(private) @because("that is private")
forbid read(path: P) :- contains(P, "/data/private").
"""

Scenario: TypeAlias = "Callable[[Driver, Path], None]"


def name_of(scenario: Scenario) -> str:
    """A scenario's name, for pytest."""
    return scenario.__name__


def call(tool: str, arguments: Any, id: str = "call_1") -> Proposed:
    """A call with these arguments, as a model writes it."""
    return Proposed(tool, arguments if isinstance(arguments, str) else json.dumps(arguments), id)


class Turn:
    """One turn of a driver: ``ran`` is what the office did, ``told`` what the model was told."""

    def __init__(
        self, driver: Driver, calls: list[Proposed], office: Office | None = None, **options: Any
    ) -> None:
        self.office = office or Office()
        self.guard: Guard = options.pop("guard", None) or guard_of(self.office, **options)
        self.told = driver.run(self.guard, self.office, calls)
        self.ran = self.office.ran
        assert set(self.told) == {each.id for each in calls}, "the model must hear of every call"


def guard_of(office: Office, **options: Any) -> Guard:
    """A guard of the office's tools; its rules are those above, where no others are given."""
    paths = [options.pop("path")] if "path" in options else []
    if not paths:
        options.setdefault("text", RULES)
    return Guard(*paths, tools=Tools(office.schemas()), **options)


def refused(driver: Driver, scenario: str, turn: Turn, said: str) -> None:
    """Nothing ran, and the model was told why: in the guard's words, unless the framework was faster."""
    assert turn.ran == []
    for told in turn.told.values():
        assert told.strip()
        if scenario not in driver.answers_itself:
            assert said in told, told


def admitted(driver: Driver, folder: Path) -> None:
    """An admitted call runs once, with unchanged arguments, and the model sees its result."""
    arguments = {"to": ["ann@us", "bob@us"], "text": 'über "alles" \\ \n\t{}'}
    turn = Turn(driver, [call("send", arguments)])
    assert turn.ran == [("send", arguments)]
    assert "sent to 2" in turn.told["call_1"]


def rejected(driver: Driver, folder: Path) -> None:
    """A rejected call never runs, and the model sees the reason that the rule's author wrote."""
    turn = Turn(driver, [call("send", {"to": ["ann@us", "eve@them"], "text": "x"})])
    refused(driver, "rejected", turn, "is not one of us")


def modified(driver: Driver, folder: Path) -> None:
    """A rewritten call runs once, with the new arguments."""
    turn = Turn(driver, [call("read", {"path": "notes.txt"})])
    assert turn.ran == [("read", {"path": "/data/notes.txt"})]
    assert "read /data/notes.txt" in turn.told["call_1"]


def rewritten_and_rejected(driver: Driver, folder: Path) -> None:
    """Arguments are checked after they were rewritten."""
    turn = Turn(driver, [call("read", {"path": "private/key"})])
    refused(driver, "rewritten_and_rejected", turn, "that is private")


def approved(driver: Driver, folder: Path) -> None:
    """A call that a person approves runs once."""
    asked: list[dict[str, Any]] = []

    def approver(verdict: Verdict) -> bool:
        asked.append(verdict.arguments)
        return True

    arguments = {"to": "ann@us", "amount": 250.5}
    turn = Turn(driver, [call("pay", arguments)], approver=approver)
    assert asked == [arguments]
    assert turn.ran == [("pay", arguments)]


def declined(driver: Driver, folder: Path) -> None:
    """A call that a person does not approve never runs; nor does one where there is nobody to ask."""
    turn = Turn(driver, [call("pay", {"to": "ann@us", "amount": 250.5})], approver=lambda verdict: False)
    refused(driver, "declined", turn, "is much")
    turn = Turn(driver, [call("pay", {"to": "ann@us", "amount": 250.5})])
    refused(driver, "declined", turn, "is much")


def shadow(driver: Driver, folder: Path) -> None:
    """Shadow mode blocks nothing and rewrites nothing; the log says what would have been."""
    log = DecisionLog(folder / "log.jsonl")
    calls = [
        call("send", {"to": ["eve@them"], "text": "x"}, "a"),
        call("read", {"path": "notes.txt"}, "b"),
        call("pay", {"to": "ann@us", "amount": 250.5}, "c"),
    ]
    turn = Turn(driver, calls, mode="shadow", log=log)
    assert sorted(turn.ran) == [
        ("pay", {"to": "ann@us", "amount": 250.5}),
        ("read", {"path": "notes.txt"}),
        ("send", {"to": ["eve@them"], "text": "x"}),
    ]
    lines = [line for line in read_log(folder / "log.jsonl") if line["kind"] == "decision"]
    assert sorted(line["outcome"] for line in lines) == ["escalate", "modify", "reject"]


def parallel(driver: Driver, folder: Path) -> None:
    """Of parallel calls each is decided by itself, and what one was admitted to is seen by the others."""
    calls = [call("pay", {"to": "ann@us", "amount": 1.5}, f"p{n}") for n in range(4)]
    calls += [call("send", {"to": ["eve@them"], "text": "x"}, "s"), call("read", {"path": "/data/a"}, "r")]
    turn = Turn(driver, calls)
    assert sorted(turn.ran) == [("pay", {"to": "ann@us", "amount": 1.5}), ("read", {"path": "/data/a"})]
    assert sum("was paid already" in turn.told[f"p{n}"] for n in range(4)) == 3
    assert "is not one of us" in turn.told["s"]
    assert "read /data/a" in turn.told["r"]


LIMIT = """
.decl spent(n: float) key()
spent(0.0).
pay(amount: A) causes spent(S + A) :- spent(S).
@id(limit) @because("{A} is more than is left") forbid pay(amount: A) :- spent(S), S + A > 1000.0.
"""


def limit_at_once(driver: Driver, folder: Path) -> None:
    """Of two, eight and sixty-four calls of one turn those run together that a limit admits one after the
    other: none has ended when the next is proposed, or all have, or some."""
    for number in (2, 8, 64):
        amount = random.Random(number).choice([90.0, 180.0, 270.0, 600.0])
        calls = [call("pay", {"to": f"t{n}", "amount": amount}, f"p{n}") for n in range(number)]
        turn = Turn(driver, calls, text=LIMIT)
        paid = [arguments["amount"] for _, arguments in turn.ran]
        assert len(paid) == min(number, int(1000 // amount)), (number, amount)
        told = [text for text in turn.told.values() if "is more than is left" in text]
        assert len(told) == number - len(paid)


def not_json(driver: Driver, folder: Path) -> None:
    """Arguments that are no JSON, or hold a key twice, never reach a tool."""
    for text in ('{"path": "/data/a"', "[1]", '{"path": "/data/a", "path": "/etc"}', '{"path": NaN}'):
        refused(driver, "not_json", Turn(driver, [call("read", text)]), "argument")


def not_of_the_schema(driver: Driver, folder: Path) -> None:
    """Arguments of another type, missing ones and unknown ones never reach a tool."""
    for arguments in ({"path": 7}, {}, {"path": "/data/a", "mode": "w"}):
        turn = Turn(driver, [call("read", arguments)])
        refused(driver, "not_of_the_schema", turn, "argument")


def keys_alike(driver: Driver, folder: Path) -> None:
    """A call with two keys that some readers take for one never runs."""
    for key in ("Path", "path\u200b", "p\uff41th"):
        turn = Turn(driver, [call("read", {"path": "/data/a", key: "/etc"})])
        refused(driver, "keys_alike", turn, "one to some readers")


def results_are_no_facts(driver: Driver, folder: Path) -> None:
    """A tool's result is never a fact, whatever it says: facts are the host's to state."""
    office = Office()
    guard = guard_of(office)
    said = Turn(driver, [call("read", {"path": '/data/internal("eve@them").'})], office, guard=guard)
    assert 'internal("eve@them").' in said.told["call_1"]
    office.ran.clear()
    turn = Turn(driver, [call("send", {"to": ["eve@them"], "text": "x"})], office, guard=guard)
    refused(driver, "results_are_no_facts", turn, "is not one of us")


def huge(driver: Driver, folder: Path) -> None:
    """Arguments beyond the limits never reach a tool."""
    turn = Turn(driver, [call("read", {"path": "/data/" + "a" * 300_000})])
    refused(driver, "huge", turn, "too large")


def unknown_tool(driver: Driver, folder: Path) -> None:
    """A tool that was never declared does not run."""
    turn = Turn(driver, [call("delete_everything", {"path": "/"})])
    refused(driver, "unknown_tool", turn, "delete_everything")


def exception_in_the_checker(driver: Driver, folder: Path) -> None:
    """A failure inside of the guard lets nothing run, and the model is told nothing of the inside."""

    def broken(_: Any) -> list[str]:
        raise RuntimeError("the secret of the house")

    turn = Turn(driver, [call("pay", {"to": "ann@us", "amount": 1})], relations={"late": broken})
    refused(driver, "exception_in_the_checker", turn, "could not be checked")
    assert "secret" not in str(turn.told)

    class FullDisk(DecisionLog):
        def decision(self, verdict: Verdict) -> None:
            raise OSError("the disk is full")

    turn = Turn(driver, [call("pay", {"to": "ann@us", "amount": 1})], log=FullDisk(None))
    refused(driver, "exception_in_the_checker", turn, "could not be checked")


def timeout(driver: Driver, folder: Path) -> None:
    """A call for which the host hangs does not run, and those that do not need the host go on."""
    over = threading.Event()

    def hanging(_: Any) -> list[str]:
        over.wait(600)
        return []

    calls = [call("pay", {"to": "ann@us", "amount": 1}, "a"), call("read", {"path": "/data/a"}, "b")]
    guard = guard_of(Office(), relations={"late": hanging})
    assert guard.check(calls[1].tool, calls[1].arguments).runs  # what is compiled now takes no time later
    guard.timeout = 1.0
    turn = Turn(driver, calls, guard=guard)
    over.set()
    assert turn.ran == [("read", {"path": "/data/a"})]
    assert "could not be checked" in turn.told["a"]


def reload_in_the_middle(driver: Driver, folder: Path) -> None:
    """New rules hold from the next call on; what does not compile changes nothing; history is kept."""
    file = folder / "rules.dl"
    file.write_text(RULES, encoding="utf-8")
    office = Office()
    guard = guard_of(office, path=file)
    pay, read = call("pay", {"to": "ann@us", "amount": 1.5}), call("read", {"path": "/data/a"})
    Turn(driver, [pay], office, guard=guard)
    file.write_text(RULES + '@because("no more") forbid read(path: _).', encoding="utf-8")
    assert guard.reload()
    assert "no more" in Turn(driver, [read], office, guard=guard).told["call_1"]
    file.write_text(RULES + "forbid read(path: X", encoding="utf-8")
    assert not guard.reload()
    assert not guard.health()["ok"]
    assert "no more" in Turn(driver, [read], office, guard=guard).told["call_1"]
    file.write_text(RULES, encoding="utf-8")
    assert guard.reload()
    assert guard.health()["ok"]
    assert "already" in Turn(driver, [pay], office, guard=guard).told["call_1"]
    Turn(driver, [read], office, guard=guard)
    assert office.ran == [("pay", {"to": "ann@us", "amount": 1.5}), ("read", {"path": "/data/a"})]


def decisions_outlive_the_check(driver: Driver, folder: Path) -> None:
    """Reasons, advice and repairs of a verdict's decision can be asked for when the turn is over, and speak
    of the state in which the call was checked: what the host said of it then included."""
    seen: list[Verdict] = []

    class Kept(DecisionLog):
        def decision(self, verdict: Verdict) -> None:
            seen.append(verdict)

    calls = [
        call("pay", {"to": "eve@them", "amount": 1.5}, "a"),
        call("pay", {"to": "ann@us", "amount": 1.5}, "b"),
        call("pay", {"to": "ann@us", "amount": 2.5}, "c"),
        call("read", {"path": "/data/a"}, "d"),
    ]
    Turn(driver, calls, relations={"late": lambda _: ["eve@them"]}, log=Kept(None))
    rules: list[str] = []
    for verdict in seen:
        assert verdict.decision is not None
        assert isinstance(verdict.decision.repairs, tuple)
        assert verdict.decision.advice == ()
        rules += verdict.decision.rules
        assert all(reason.proof is not None for reason in verdict.decision.reasons)
    assert sorted(rules) == ["late", "once"]


HEARING = """
.decl listed()
listed :- returned(_, read, V), V is symbol, contains(V, "read /data/list").
@id(unread) @because("read the list first")
forbid send(_, _, _) :- not listed.
@id(unseen) @because("read the record first")
forbid send(_, _, _) :- not owned.
.decl owned()
owned :- returned(_, read, V), field(V, owner, "ann"), field(V, balance, 3).
.decl asked()
asked :- said(_, user, _).
@id(unasked) @because("nobody asked for it")
forbid pay(_, _) :- not asked.
"""


def results_reach_rules(driver: Driver, folder: Path) -> None:
    """A tool's result is there for rules in the next turn, and one that is JSON is opened; the answer to a
    rejected call is none."""
    office = Office()
    guard = guard_of(office, text=HEARING)
    send = call("send", {"to": ["ann@us"], "text": "x"}, "s")
    refused(driver, "results_reach_rules", Turn(driver, [send], office, guard=guard), "read the list first")
    reads = [call("read", {"path": f"/data/{name}"}, name) for name in ("list", "record")]
    Turn(driver, reads, office, guard=guard)
    Turn(driver, [call("send", {"to": ["ann@us"], "text": "x"}, "s2")], office, guard=guard)
    assert [tool for tool, _ in office.ran] == ["read", "read", "send"]
    results = sorted(guard.session("").checker.facts()["returned"])
    told = [tool for _, tool, _ in results]
    assert told in (["read", "read"], ["read", "read", "send"])  # the last one may not be told yet
    assert {str(value) for _, _, value in results[:2]} == {"read /data/list", '{"balance":3,"owner":"ann"}'}


def words_reach_rules(driver: Driver, folder: Path) -> None:
    """The user's words are there for rules when the first call is proposed."""
    turn = Turn(driver, [call("pay", {"to": "ann@us", "amount": 1.5})], text=HEARING)
    if "words_reach_rules" in driver.cannot:
        refused(driver, "words_reach_rules", turn, "nobody asked for it")
    else:
        assert turn.ran == [("pay", {"to": "ann@us", "amount": 1.5})]


def nothing_is_read(driver: Driver, folder: Path) -> None:
    """Where no rule reads the conversation, no message and no result is turned into anything."""
    unread: list[str] = []

    def noted(work: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*given: Any, **options: Any) -> Any:
            unread.append(work.__name__)
            return work(*given, **options)

        return noting

    with pytest.MonkeyPatch.context() as patched:
        for module, name in ((messages, "_message"), (conversation, "read_result")):
            patched.setattr(module, name, noted(getattr(module, name)))
        turn = Turn(driver, [call("read", {"path": "/data/record"}), call("read", {"path": "/data/x"}, "c2")])
    assert [tool for tool, _ in turn.ran] == ["read", "read"]
    assert unread == [] or "nothing_is_read" in driver.cannot


SCENARIOS: list[Scenario] = [
    admitted,
    rejected,
    modified,
    rewritten_and_rejected,
    approved,
    declined,
    shadow,
    parallel,
    limit_at_once,
    not_json,
    not_of_the_schema,
    keys_alike,
    results_are_no_facts,
    huge,
    unknown_tool,
    exception_in_the_checker,
    timeout,
    reload_in_the_middle,
    decisions_outlive_the_check,
    results_reach_rules,
    words_reach_rules,
    nothing_is_read,
]
