"""A PDDL problem as a world that can be acted in: which actions are applicable, and what they change.

Fast Downward's parser reads the PDDL; its grounding is not used. Conditions are answered over the facts
themselves, each by a plan made once: an order of its literals in which the next one has few matches.
A fact is a tuple, the predicate first: ``("inreceptacle", "apple_1", "fridge_1")``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from mpr_logic.envs.alfworld.package import pddl_parser
from mpr_logic.envs.alfworld.plans import Facts, Planner, Step, solutions
from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from mpr_logic.envs.alfworld.plans import Binding, Fact

NOT = "not_"
"""Before a predicate: an action has ended that fact. TextWorld's grammars ask for such facts."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of an action: a literal that becomes true, under a condition."""

    condition: tuple[Step, ...]
    literal: Any

    @property
    def unconditional(self) -> bool:
        """Whether it comes about always."""
        return not self.condition


@dataclass(frozen=True, slots=True)
class Operator:
    """An action of the domain: its parameters (``?r``) with their types, precondition and effects."""

    name: str
    parameters: tuple[str, ...]
    types: tuple[str, ...]
    precondition: Any
    plan: tuple[Step, ...]
    effects: tuple[Effect, ...]
    literals: frozenset[Any]
    may_idle: bool

    def bind(self, args: Sequence[str]) -> Binding:
        """The parameters with these values."""
        return dict(zip(self.parameters, args, strict=True))


class Problem:
    """A PDDL problem, parsed: its objects, initial facts, operators and goal. Nothing in it changes.

    Raises GameError where the text is no PDDL of the domain.
    """

    def __init__(self, domain: str, problem: str) -> None:
        with _refusals():
            self._read(_parse(domain, problem))

    def _read(self, task: Any) -> None:
        self.types: dict[str, str] = {thing.name: thing.type_name for thing in task.objects}
        above = {kind.name: {kind.name, *kind.supertype_names} for kind in task.types}
        _check(task, self.types, above)
        members: dict[str, list[str]] = defaultdict(list)
        for thing, kind in self.types.items():
            for name in above[kind]:
                members[name].append(thing)
        self.initial: frozenset[Fact] = frozenset(
            (atom.predicate, *atom.args) for atom in task.init if hasattr(atom, "predicate")
        )
        sizes = Counter(fact[0] for fact in self.initial)
        self.planner = Planner(sizes, {kind: tuple(things) for kind, things in members.items()})
        self.operators: dict[str, Operator] = {action.name: self._operator(action) for action in task.actions}
        self.goal = self.planner.plan(task.goal, {})

    def _operator(self, action: Any) -> Operator:
        types = {parameter.name: parameter.type_name for parameter in action.parameters}
        effects = tuple(self._effect(effect, types) for effect in action.effects)
        condition = action.precondition
        parts = condition.parts if type(condition).__name__ == "Conjunction" else (condition,)
        literals = frozenset(part for part in parts if hasattr(part, "predicate"))
        return Operator(
            name=action.name,
            parameters=tuple(types),
            types=tuple(types.values()),
            precondition=condition,
            plan=self.planner.plan(condition, types),
            effects=effects,
            literals=literals,
            may_idle=_may_idle(effects, literals),
        )

    def _effect(self, effect: Any, types: dict[str, str]) -> Effect:
        own = {parameter.name: parameter.type_name for parameter in effect.parameters}
        return Effect(self.planner.plan(effect.condition, types | own, bound=types), effect.literal)


class World:
    """The facts of a problem as they change. It begins where the problem does."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.facts = Facts(problem.initial)

    def applicable(
        self, operator: Operator, plan: tuple[Step, ...], known: Binding | None = None
    ) -> Iterator[tuple[str, ...]]:
        """Yield the arguments with which an operator can be applied now, some more than once.

        ``plan`` is the operator's, or one made for parameters that ``known`` gives.
        An operator that would change nothing whatever the state (going to where one is) cannot be applied.
        """
        for binding in solutions(plan, self.facts, dict(known or {})):
            if not (operator.may_idle and self._idle(operator, binding)):
                yield tuple([binding[name] for name in operator.parameters])

    def apply(self, operator: Operator, args: Sequence[str]) -> None:
        """Make the changes of an operator; where it both ends and brings about a fact, the fact holds."""
        added, ended = self._changes(operator, operator.bind(args))
        for fact in ended:
            self.facts.discard(fact)
            self.facts.add((NOT + fact[0], *fact[1:]))
        for fact in added:
            self.facts.discard((NOT + fact[0], *fact[1:]))
            self.facts.add(fact)

    def won(self) -> bool:
        """Whether the goal holds."""
        return any(True for _ in solutions(self.problem.goal, self.facts, {}))

    def _changes(self, operator: Operator, binding: Binding) -> tuple[list[Fact], list[Fact]]:
        added: list[Fact] = []
        ended: list[Fact] = []
        for effect in operator.effects:
            for found in solutions(effect.condition, self.facts, dict(binding)):
                (ended if effect.literal.negated else added).append(_ground(effect.literal, found))
        return added, [fact for fact in ended if fact not in added]

    def _idle(self, operator: Operator, binding: Binding) -> bool:
        added, ended = self._changes(operator, binding)
        held = {(part.negated, _ground(part, binding)) for part in operator.literals}
        return all((False, fact) in held for fact in added) and all((True, fact) in held for fact in ended)


def _ground(literal: Any, binding: Binding) -> Fact:
    return (literal.predicate, *[binding.get(arg, arg) for arg in literal.args])


def _may_idle(effects: Sequence[Effect], literals: frozenset[Any]) -> bool:
    """Tell whether, with some arguments, all that an operator brings about is in its own precondition."""
    held = {(part.negated, part.predicate) for part in literals}
    added = {effect.literal.predicate for effect in effects if not effect.literal.negated}
    return all(effect.unconditional for effect in effects) and all(
        (effect.literal.negated, effect.literal.predicate) in held
        or (effect.literal.negated and effect.literal.predicate in added)
        for effect in effects
    )


def _parse(domain: str, problem: str) -> Any:
    """The task as Fast Downward's parser gives it."""
    lisp, parsing = pddl_parser()
    nested = lisp.parse_nested_list(problem.split("\n"))
    return parsing.parse_task(_nested_domain(domain), [_once(part) for part in nested])


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise GameError where the parser, at broken PDDL, ends the process or trips over what it meets."""
    lisp, _ = pddl_parser()
    try:
        yield
    except SystemExit as error:
        raise GameError(f"the PDDL problem does not fit its domain: {error}") from None
    except (lisp.ParseError, AssertionError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise GameError(f"the PDDL problem is broken: {error or type(error).__name__}") from error
    except (StopIteration, RuntimeError, RecursionError):
        raise GameError("the PDDL problem is broken: it ends too early, or is nested too deep") from None


def _check(task: Any, objects: Mapping[str, str], kinds: Collection[str]) -> None:
    """Raise GameError at an object, a fact or a goal that does not fit: the parser lets them pass."""
    for name, kind in objects.items():
        if kind not in kinds:
            raise GameError(f"the PDDL problem has an object of an unknown type: {name} - {kind}")
    arity = {predicate.name: predicate.get_arity() for predicate in task.predicates}
    for atom in task.init:
        if hasattr(atom, "predicate"):
            shown = f"({' '.join([atom.predicate, *atom.args])})"
            if arity.get(atom.predicate) != len(atom.args):
                raise GameError(f"the PDDL problem has a fact that its domain does not know: {shown}")
            if unknown := [thing for thing in atom.args if thing not in objects]:
                raise GameError(f"the PDDL problem has no object {unknown[0]}, but a fact of it: {shown}")
    if task.goal.free_variables():
        raise GameError(
            f"the PDDL problem's goal leaves open {', '.join(sorted(task.goal.free_variables()))}"
        )


@cache
def _nested_domain(domain: str) -> Any:
    return pddl_parser()[0].parse_nested_list(domain.split("\n"))


def _once(part: Any) -> Any:
    """An ``:init`` with each fact once: the parser prints a warning at every further one."""
    if not isinstance(part, list) or part[:1] != [":init"]:
        return part
    return [":init", *{repr(fact): fact for fact in part[1:]}.values()]
