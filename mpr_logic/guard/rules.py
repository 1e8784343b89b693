"""Rules as a guard uses them: checked once, shared by its sessions, replaced as a whole when they change."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic.analysis import analyse
from mpr_logic.analysis.builtin_relations import FILLED, HEARD, TRACED
from mpr_logic.analysis.canonical import canonical_text
from mpr_logic.analysis.influence import influence_on, written_by
from mpr_logic.analysis.kinds_asked import kinds_asked
from mpr_logic.analysis.lints import Deployment, vet
from mpr_logic.analysis.occurrences import HISTORY, is_history, split_numbered
from mpr_logic.analysis.strata import read_by
from mpr_logic.checker.loading import load_modules, rule_files
from mpr_logic.checker.readers import Question, questions_of
from mpr_logic.checker.state import state_facts
from mpr_logic.checker.structures import OPENED
from mpr_logic.errors import GuardError, ProgramError, StateError
from mpr_logic.guard.actions import LOOKED_AT, Actions
from mpr_logic.guard.calls import Limits
from mpr_logic.guard.conversation import Needs
from mpr_logic.guard.directives import read_directives
from mpr_logic.language.ast import ActionDecl, Var
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_clause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mpr_logic.analysis.influence import Influence
    from mpr_logic.analysis.program import Fact, Program, Rule
    from mpr_logic.checker.checker import Checker
    from mpr_logic.engine.choice import EngineChoice
    from mpr_logic.engine.protocol import Budget
    from mpr_logic.guard.host import Relation
    from mpr_logic.guard.store import Store
    from mpr_logic.guard.tools import Tools
    from mpr_logic.language.ast import Module
    from mpr_logic.language.diagnostics import Diagnostic


class StateBatches:
    """Starting states, each a batch of facts, read once for all sessions. Of two that disagree the later
    one holds.

    Args:
        read: gives the batches for the program that they are to fit.
    """

    def __init__(self, read: Callable[[Program], list[list[Fact]]]) -> None:
        self._read = read
        self._found: list[list[Fact]] | None = None

    def read(self, program: Program) -> list[list[Fact]]:
        """The batches, in their order.

        Raises:
            StateError: one cannot be read, or does not fit the program.
        """
        if self._found is None:
            self._found = self._read(program)
        return self._found


@dataclass(frozen=True, slots=True)
class Options:
    """The settings that every checker of a guard is made with."""

    theta: float
    engine: EngineChoice
    budget: Budget
    state: object = None
    store: Store | None = None
    semiring: str = "maxmin"
    clock: Callable[[], float] = time.time
    params: Mapping[str, object] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    prepare: bool = False

    @property
    def same_for_all(self) -> bool:
        """Whether the state is a value that is the same for each session: no file, which may change."""
        return not (self.state is None or isinstance(self.state, StateBatches) or is_file(self.state))

    def facts(self, program: Program) -> list[Fact]:
        """The facts that each session begins with.

        Raises:
            StateError: they do not fit the program.
            ProgramError: their file cannot be read.
        """
        if isinstance(self.state, StateBatches):
            return [fact for batch in self.state.read(program) for fact in batch]
        return [] if self.state is None else state_facts(program, self.state)


@dataclass(frozen=True, slots=True)
class CallNeeds:
    """The needs of the rules about the calls of one action.

    ``reads`` has the core relations that decide about it. ``keeps`` are those that its effects read of the
    moment of a call: ``now``, and the relations of the host's functions; they are kept with the call until
    its outcome is known. ``questions`` are those that its effects ask of texts in arguments, ``opens`` the
    relations by which rules look at arguments: ``argument``, and those that look inside.

    ``traces`` has the relations by which rules ask where values come from, and ``kinds`` the kinds of parts
    of texts that they ask for there: None where they may ask for any.

    ``tells_time``: a rule that decides about it reads the clock. ``remembers``: a rule reads its history, and
    only then is that kept. ``weighs``: its outcome can change something that a rule reads.
    ``changes_shared``: when it succeeds, it changes a shared relation.
    """

    reads: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
    questions: frozenset[Question] = frozenset()
    opens: frozenset[str] = frozenset()
    traces: frozenset[str] = frozenset()
    kinds: frozenset[str] | None = None
    tells_time: bool = False
    remembers: bool = False
    weighs: bool = False
    changes_shared: bool = False


NO_NEEDS = CallNeeds()
"""Of an action that rules do not declare they need nothing."""


class Ruleset:
    """A program, its directives, the tools, the host's functions and the settings of its checkers.

    Raises:
        GuardError: a directive, or the relation of a function, does not fit the program.
    """

    def __init__(
        self, program: Program, tools: Tools | None, relations: Mapping[str, Relation], options: Options
    ) -> None:
        self.program = program
        self._options = options
        self.warnings: tuple[Diagnostic, ...] = ()  # what seems to have lost its grip, and is let pass
        self.files: tuple[str, ...] = ()  # the rule files, those that others use included
        self.tools = tools
        self.relations = dict(relations)
        self.actions = Actions(program, tools)
        self.began: dict[bool, Checker] = {}  # what sessions are forked from, with and without their state
        self.directives = read_directives(program)
        for name in relations:
            if name not in program.schema.relations:
                raise GuardError(f"the relation `{name}` of a function is not declared: .decl {name}(...)")
            if name in FILLED and program.schema.relations[name].builtin:
                raise GuardError(f"the guard fills `{name}` itself: give the function another relation")
        actions = program.schema.actions
        effects = {rule.head for rule in program.rules if rule.clause.kind in ("causes", "ends")}
        changing = {each: read_by(program, _effects_of(program, each)) for each in actions}
        self.asks_tries = any(
            name == "called" or split_numbered(name)[1].startswith("past ")
            for found in changing.values()
            for name in found
        )
        """Whether what some call changes hangs on which others were tried."""
        self.shared = shared_relations(program, relations)
        self.stated = _stated_alone(program, self.shared, relations)
        self._influences: dict[str, Influence] = {}
        self._effects: dict[str, str] = {}
        self._needs = self._all_needs(effects, changing)
        asked = {*relations, "now", *LOOKED_AT, *TRACED}
        self.unforeseen = frozenset(
            each for each in actions if asked & (self._needs[each].reads | changing[each])
        )
        """The actions that are decided by what is known of a call only when it is proposed."""
        read = read_by(program, effects).union(*(each.reads for each in self._needs.values()))
        self.counts_calls = "called" in read
        heard = (HEARD | TRACED) & read
        opens = OPENED & read if heard & {"returned", "asked_with"} else frozenset()
        self.hears = Needs(heard, opens)
        """The needs of the rules about the conversation."""

    def _all_needs(self, effects: set[str], changing: Mapping[str, frozenset[str]]) -> dict[str, CallNeeds]:
        """Work out what the rules need of the calls of each action.

        Args:
            effects: the heads of what actions change.
            changing: by action, the relations that its effects read.
        """
        program, told = self.program, {*self.relations, "now", *TRACED}
        actions = program.schema.actions
        reads = {each: read_by(program, [f"forbid {each}", f"permit {each}"]) for each in actions}
        read = read_by(program, effects).union(*reads.values())
        opened = LOOKED_AT & read
        with_effects = {rule.action for rule in program.rules if rule.head in effects}
        sharing = {written_by(head)[1] for head in effects if written_by(head)[0] in self.shared}
        questions = questions_of(program)
        found = {}
        for each in actions:
            traces = TRACED & (reads[each] | changing[each])
            heads = {f"forbid {each}", f"permit {each}", *_effects_of(program, each)}
            remembered = any(f"{word} {each}" in read for word in HISTORY)
            ended = f"succeeded {each}" in read or f"failed {each}" in read
            found[each] = CallNeeds(
                reads=reads[each],
                keeps=frozenset(told & changing[each]),
                questions=frozenset(q for q in questions if q.relation in changing[each]),
                opens=opened if each in with_effects or remembered else opened & reads[each],
                traces=traces,
                kinds=kinds_asked(program, heads) if traces else None,
                tells_time="now" in reads[each],
                remembers=remembered,
                weighs=each in with_effects or ended,
                changes_shared=each in sharing,
            )
        return found

    def needs(self, action: str) -> CallNeeds:
        """The needs of the rules about the calls of an action; none for one that they do not declare."""
        return self._needs.get(action, NO_NEEDS)

    def shares(self, action: str) -> bool:
        """Whether a shared relation bears on an action, or is changed by it."""
        if not self.shared or action not in self._needs:
            return False
        bears = not self.shared.isdisjoint(self.influence(action).relations)
        return bears or self._needs[action].changes_shared

    def effects_of(self, action: str) -> str:
        """The mark of an action's effects on shared relations, other where other rules declare others: a
        hash of all clauses that they depend on and of how weights are reckoned, and the names of the
        relations that they change."""
        found = self._effects.get(action)
        if found is None:
            found = self._effects[action] = _shared_effects(self.program, action, self.shared, self._options)
        return found

    def influence(self, action: str) -> Influence:
        """The influence of calls and relations on the verdict about an action."""
        found = self._influences.get(action)
        if found is None:
            found = self._influences[action] = influence_on(self.program, action)
        return found

    def may_admit(self, tool: str) -> bool:
        """Whether a tool is one, and neither forbidden whatever its arguments are, nor by default without any
        permit."""
        try:
            action = self.actions.of(tool).action
        except StateError:
            return False
        program = self.program
        if action in program.schema.closed and not program.rules_for(f"permit {action}"):
            return False
        lifted = {id for each in program.overrides.values() for id in each}
        return not any(
            not rule.body
            and rule.weight >= 1.0  # no theta is higher
            and rule.id not in lifted
            and rule.id not in self.directives
            and len(rule.variables) == sum(isinstance(arg, Var) and arg.name != "_" for arg in rule.args)
            and all(isinstance(arg, Var) for arg in rule.args)
            for rule in program.rules_for(f"forbid {action}")
        )


def shared_relations(program: Program, told: Iterable[str] = ()) -> frozenset[str]:
    """The relations that are declared ``shared``.

    Args:
        program: the rules.
        told: those that functions of the host fill: their rows are kept with each call, as ``now`` is.

    Raises:
        GuardError: what an effect does to one hangs on what each session has for itself.
    """
    shared = frozenset(name for name, each in program.schema.relations.items() if each.shared)
    own = _own(program, told) if shared else frozenset()
    for rule in program.rules:
        if rule.clause.kind in ("causes", "ends") and written_by(rule.head)[0] in shared:
            for name in sorted(read_by(program, [rule.head]) & own):
                help = (
                    "count the calls in a shared relation of their own, which they change by `causes`"
                    if is_history(name) or name == "called"
                    else "what is said in one session is not known in another"
                    if name in HEARD
                    else "declare that one shared too, or state its facts in the rules"
                )
                raise GuardError(
                    f"{rule.clause.span}: `{written_by(rule.head)[0]}` is shared, and what changes it here "
                    f"reads `{name}`, which each session has for itself: {help}"
                )
    return shared


def _stated_alone(program: Program, shared: frozenset[str], told: Iterable[str]) -> frozenset[str]:
    """The relations that effects on shared ones read, and whose facts are those of the rules alone: were a
    session to have others, the rest would reckon its calls by theirs."""
    heads = {
        rule.head
        for rule in program.rules
        if rule.clause.kind in ("causes", "ends") and written_by(rule.head)[0] in shared
    }
    return read_by(program, heads) - heads - shared - FILLED - frozenset(told)


def _own(program: Program, told: Iterable[str]) -> frozenset[str]:
    """The relations that each session has for itself: history, and what the host or an effect fills."""
    written = {written_by(r.head)[0] for r in program.rules if r.clause.kind in ("causes", "ends")}
    relations = program.schema.relations
    filled = {name for name, each in relations.items() if each.input or each.changed_by or name in written}
    history = {
        f"{word} {name}" for name in program.schema.actions for word in ("past", "succeeded", "failed")
    }
    own = {name for name in filled if not relations[name].shared} | history | {"called"}
    own -= (FILLED - {"called"} - HEARD).union(told)  # these are kept with the call
    return frozenset(own | {f"not {name}" for name in own if not is_history(name)})


def _effects_of(program: Program, action: str) -> set[str]:
    return {r.head for r in program.rules if r.clause.kind in ("causes", "ends") and r.action == action}


def _shared_effects(program: Program, action: str, shared: frozenset[str], options: Options) -> str:
    schema = program.schema
    if action not in schema.actions:
        return ""
    heads = {head for head in _effects_of(program, action) if written_by(head)[0] in shared}
    changes = sorted({written_by(head)[0] for head in heads})
    read = read_by(program, heads) | heads
    clauses = [f"{rule.weight} {_text(program, rule)}" for rule in program.rules if rule.head in read]
    facts = [f"{f.relation} {f.row!r} {f.weight}" for f in program.facts if f.relation in read - shared]
    declared = [schema.actions[action], *(schema.relations[name] for name in changes)]
    columns = [f"{each.name} {each.key} {[(p.name, p.type) for p in each.params]}" for each in declared]
    weighing = f"{float(options.theta)!r} {options.semiring}"
    text = "\n".join([*sorted(clauses), *sorted(facts), *columns, weighing])
    return " ".join([hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16], *changes])


def _text(program: Program, rule: Rule) -> str:
    """The canonical text of a rule; of a class it says for which member."""
    if rule.is_hidden:
        return print_clause(rule.clause)
    text = canonical_text(program, rule.clause)
    return text if rule.action in (None, rule.clause.head.name) else f"{text} {rule.action}"


def load_rules(
    paths: Sequence[str | os.PathLike[str]],
    text: str | None,
    tools: Tools | None,
    within: str | os.PathLike[str] | None = None,
) -> list[Module]:
    """The parsed rules of files and of a text, and what declares the tools. Of the tools' hints the files
    alone tell: what a server says of itself loosens nothing.

    Raises:
        ProgramError: they cannot be read or parsed.
        StateError: there is no rule file.
    """
    modules = load_modules(paths, within=within) if paths else []
    if text is not None:
        modules.append(parse(text, "<rules>"))
    if tools is not None:
        declared = {s.name for module in modules for s in module.statements if isinstance(s, ActionDecl)}
        modules.append(parse(tools.declarations(without=declared, hints=False), "<tools>"))
    return modules


def load_ruleset(
    paths: Sequence[str | os.PathLike[str]],
    text: str | None,
    tools: Tools | None,
    relations: Mapping[str, Relation],
    options: Options,
    *,
    strict: bool = True,
    within: str | os.PathLike[str] | None = None,
) -> Ruleset:
    """The rules of files, of a text, and of the tools' declarations, together. Where the rules declare a
    tool's action themselves, that declaration stands.

    Raises:
        ProgramError: they are not valid; or, where ``strict``, some of them have lost their grip.
        StateError: there is no rule file, or the state does not fit.
        OptionError: the options name a parameter that is none.
        GuardError: as above.
    """
    modules = load_rules(paths, text, tools, within)
    rules = Ruleset(analyse(modules, params=options.params), tools, relations, options)
    deployment = Deployment(
        tools=None if tools is None else [each.known for each in tools],
        functions=frozenset(relations),
        facts=options.facts(rules.program),
        theta=options.theta,
    )
    found = vet(rules.program, deployment, modules)
    errors = [each for each in found if each.severity == "error"]
    if strict and errors:
        raise ProgramError(errors)
    rules.warnings = tuple(found)
    rules.files = tuple(module.file for module in modules if not module.file.startswith("<"))
    return rules


def stamp(paths: Iterable[str | os.PathLike[str]]) -> tuple[tuple[str, int, int, int], ...]:
    """The state of the rule files on disk: names, inodes, sizes and times of all of them; -1 for one that is
    not there.

    Raises:
        StateError: there is none.
        OSError: one cannot be looked at.
    """
    found = []
    for path in rule_files(paths) if paths else []:
        try:
            status = Path(path).stat()
        except FileNotFoundError:
            found.append((str(path), -1, -1, -1))
            continue
        found.append((str(path), status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


def is_file(state: object) -> bool:
    """Whether a state is the path of a file."""
    return isinstance(state, (str, os.PathLike))
