"""What a guard would say of an action, for the commands that ask: the same rules, state, time and tools."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import options as o

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Fact, Program, Signature
    from mpr_logic.checker.checker import Checker
    from mpr_logic.checker.decision import Decision
    from mpr_logic.cli.options import Question
    from mpr_logic.errors import StateError
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.tools import Argument
    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.language.ast import Atom, Value

ToolsOption = Annotated[
    list[str] | None,
    typer.Option("--tools", metavar="FILE", help="JSON schemas of the tools. May be given again."),
]
NowOption = Annotated[
    str | None,
    typer.Option("--now", metavar="T", help="The time of the check: 2026-01-01T10:00:00Z, or seconds."),
]
FirstOption = Annotated[
    bool, typer.Option("--first", help="It is the first call of its session: `called` holds of nothing.")
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="WHERE",
        help="The guard's store of shared relations, which is read only; :memory: is an empty one.",
    ),
]
LenientOption = Annotated[bool, typer.Option("--lenient", help="Go on with rules that have lost their grip.")]


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was asked about: the tool, and the arguments by the tool's names."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """A question, and what a guard would know of the moment beside the rules and the state."""

    asked: Question
    tools: tuple[str, ...] = ()
    now: str | None = None
    first: bool = False
    lenient: bool = False
    store: str | None = None
    stated: set[str] = field(default_factory=set)

    def guard(self) -> Guard:
        """A guard of the rules, in this state.

        Raises:
            MprError: the rules, the tools, the state or the store cannot be used.
            Usage: the time is none.
        """
        from mpr_logic.guard.guard import Guard
        from mpr_logic.guard.rules import StateBatches
        from mpr_logic.guard.store import snapshot
        from mpr_logic.guard.tools import Tools, read_tools

        asked = self.asked
        now = seconds_of(self.now) if self.now is not None else 0.0
        described = [each for path in self.tools for each in read_tools(path)]
        guard = Guard(
            *asked.rules,
            tools=Tools(described) if self.tools else None,
            state=StateBatches(self._batches),
            theta=asked.theta,
            engine=asked.engine.value,
            semiring=asked.semiring.value,
            timeout=asked.seconds,
            clock=lambda: now,
            strict=not self.lenient,
            store=snapshot(self.store or ":memory:"),
        )
        guard.session("")  # so that the states are read
        if guard.rules.shared:
            guard.update()  # so that facts are asked about with the rows of the store
        return guard

    def _batches(self, program: Program) -> list[list[Fact]]:
        found = [o.facts_of(program, each) for each in self.asked.states]
        self.stated.update(fact.relation for batch in found for fact in batch)
        return found

    def held(self) -> Guard:
        """A guard, as above; where the rules have lost their grip, an action that is none is told of first.

        Raises:
            MprError: as above.
            StateError: the action is none.
        """
        from mpr_logic.errors import ProgramError, StateError

        try:
            return self.guard()
        except ProgramError as error:
            if self.lenient or not all(each.code.startswith("E06") for each in error.diagnostics):
                raise
            from mpr_logic.checker.checker import Checker

            decision = Checker.load(*self.asked.rules).check(self.asked.asked)
            bad = decision.verdict == "undecided" and isinstance(decision.reasons[0].error, StateError)
            if not self.tools and bad:
                raise StateError(decision.reasons[0].text) from None
            raise

    def missing(self, guard: Guard, read: frozenset[str]) -> None:
        """Refuse to decide where rules read what nobody has told.

        Raises:
            StateError: it says what is missing, and how to give it.
        """
        from mpr_logic.errors import StateError

        known = guard.session("").checker.facts()
        if "now" in read and self.now is None and "now" not in known:
            raise StateError(
                f"`{self.asked.shown}` cannot be decided without `now`: give the time of the check, such as "
                "--now 2026-01-01T10:00:00Z"
            )
        lacking = sorted((read & guard.rules.shared) - self.stated) if self.store is None else []
        if lacking:
            raise StateError(
                f"`{self.asked.shown}` cannot be decided without `{lacking[0]}`, which is shared: name the "
                "guard's store, --store WHERE (it is read only), or state its rows; --store :memory: begins "
                "with what the rules say"
            )
        if "called" in read and not self.first and "called" not in known:
            raise StateError(
                f"`{self.asked.shown}` cannot be decided without `called`: state the calls of the session so "
                "far, called(number, action, second), or say --first where there are none"
            )

    def verdict(self, guard: Guard) -> tuple[Verdict, Decision]:
        """What the guard would say, and the checker's decision in it.

        Raises:
            StateError: the action is none, or what decides about it is not known.
        """
        from mpr_logic.errors import StateError

        try:
            call = read_call(guard, self.asked.asked)
        except StateError as error:
            return self._no_action(guard, error)
        signature = guard.rules.actions.action_of(call.tool)
        self.missing(guard, guard.rules.reads(signature.name))
        verdict = guard.why(call.tool, call.arguments)
        if verdict.decision is None:  # the call did not come so far
            raise StateError(str(verdict.error).removeprefix("StateError: "))
        return verdict, verdict.decision

    def _no_action(self, guard: Guard, error: StateError) -> tuple[Verdict, Decision]:
        """The answer about what is no action: an undecided decision, as a checker's."""
        from mpr_logic.guard import calls
        from mpr_logic.guard.verdict import Verdict

        decision = guard.session("").checker.check(self.asked.asked)
        if decision.verdict != "undecided":
            raise error
        return Verdict(calls.Call(self.asked.asked), "reject", {}, decision=decision), decision


def seconds_of(text: str) -> float:
    """A time, in seconds since 1970.

    Raises:
        Usage: it is none.
    """
    try:
        return float(int(text))
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise o.Usage(
            f"--now is `{text[:40]}`: it is a time like 2026-01-01T10:00:00Z, or seconds since 1970"
        ) from None


def read_call(guard: Guard, text: str) -> Call:
    """The call that a text means: an action as rules write it, ``send(to: ann)``, or a tool's name and the
    JSON of its arguments, ``send {"to": "ann"}``.

    Raises:
        StateError: it is neither, or no action of the rules.
    """
    from mpr_logic.checker.questions import resolve_action
    from mpr_logic.errors import ProgramError
    from mpr_logic.language.parser import parse_atom

    name, brace, rest = text.partition("{")
    if brace and "(" not in name:
        from mpr_logic.guard.calls import read_arguments

        return Call(name.strip(), read_arguments(brace + rest, guard.limits))
    program = guard.rules.program
    try:
        atom = parse_atom(text)
    except ProgramError:
        atom = None
    signature = program.schema.actions.get(atom.name) if atom is not None else None
    if atom is None or signature is None or not _fits(atom, signature):
        resolve_action(program, text)  # it says what is wrong
        raise AssertionError("an action that is none was resolved")
    return _call(guard, program, atom, signature)


def _fits(atom: Atom, signature: Signature) -> bool:
    """Whether the arguments of an action are as many as declared, or each has a name of its own."""
    if not atom.names:
        return len(atom.args) == signature.arity
    return len(set(atom.names)) == len(atom.names) and set(atom.names) <= {p.name for p in signature.params}


def _call(guard: Guard, program: Program, atom: Atom, signature: Signature) -> Call:
    """A call with the constants of an action; ``null`` and ``_`` are arguments that are left out."""
    from mpr_logic.errors import StateError
    from mpr_logic.guard.calls import NULL
    from mpr_logic.guard.tools import REST
    from mpr_logic.language.ast import Const, Var

    actions, tools = guard.rules.actions, guard.tools
    tool = actions.tool_of(atom.name)
    described = tools.get(tool) if tools is not None else None
    known = {each.word: each for each in described.arguments} if described is not None else {}
    words = atom.names or tuple(param.name for param in signature.params)
    bases = {param.name: base for param, base in zip(signature.params, signature.bases, strict=True)}
    found: dict[str, Any] = {}
    for word, term in zip(words, atom.args, strict=True):
        if isinstance(term, Var) and term.name == "_":
            continue
        if not isinstance(term, Const):
            raise StateError(f"`{atom.name}` is asked about with a variable: give each argument a value")
        if term.value == NULL:
            continue
        name = actions.name_of(atom.name, word, {})
        value = _json(term.value, bases.get(word, "any"), known.get(word), whole=name == REST)
        if name == REST:
            found |= value if isinstance(value, dict) else {word: value}
        else:
            found[name] = value
    return Call(tool, found)


def _json(value: Value, base: str, argument: Argument | None, *, whole: bool) -> Any:
    """The JSON that a constant of a rule stands for: rules see a list or an object as its canonical text."""
    from mpr_logic.guard.calls import canonical

    kinds = argument.said.kinds if argument is not None else None
    if value in ("true", "false") and (base == "bool" or (kinds is not None and "string" not in kinds)):
        return value == "true"
    opened = whole or (base == "any" if kinds is None else bool(kinds & {"array", "object"}))
    if not (isinstance(value, str) and opened and value[:1] in ("[", "{")):
        return value
    try:
        read = json.loads(value)
        return read if canonical(read) == value else value
    except (ValueError, RecursionError):
        return value


def read_of(checker: Checker, text: str) -> frozenset[str]:
    """The relations that decide about a fact, its own too."""
    from mpr_logic.analysis.influence import read_by
    from mpr_logic.checker.questions import literal_of

    name = literal_of(text).atom.name
    return read_by(checker.program, [name]) | {name}


def told_time(guard: Guard) -> Fact:
    """The fact that tells the time of the check."""
    from mpr_logic.analysis.program import Fact
    from mpr_logic.language.ast import Span

    return Fact("now", (int(guard.clock()),), 1.0, Span("--now", 0, 0, 0, 0))
