"""The names that generated code speaks of, and what they stand for in each session.

Source names constants, relations, indexes and functions; their values are bound beside it. So no text of a
program becomes code, and sessions share the code: what a name stands for belongs to the rules, or is found by
each session in its own state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any

from mpr_logic.engine.deadline import Deadline, late
from mpr_logic.engine.store import Relation
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import Value


class Namespace:
    """The names that generated code speaks of, and the code. The object that a name stands for is the same
    for all sessions, or belongs to each of them: see :class:`Frame`."""

    def __init__(self) -> None:
        self._names: dict[object, str] = {}
        self.things: dict[str, Any] = {}
        self.makers: dict[str, Callable[[Any], Any]] = {}
        self.code: dict[str, tuple[CodeType, tuple[str, ...]]] = {}
        self.of: dict[str, list[str]] = defaultdict(list)
        self.indexed: dict[str, dict[tuple[int, ...], None]] = defaultdict(dict)
        """By stored relation: the positions of the indexes that the code reads."""

    def name(self, kind: str, thing: object, identity: object = None) -> str:
        """A name for ``thing``, which nobody changes; the same one for the same ``identity`` (default: the
        object itself)."""
        key = (kind, id(thing) if identity is None else identity)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"{kind}{len(self._names)}"
            self.things[name] = thing
        return name

    def own(self, kind: str, identity: object, make: Callable[[Any], Any]) -> str:
        """A name for an object that each session has of its own: ``make`` finds it in a session."""
        key = (kind, "own", identity)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"{kind}{len(self._names)}"
            self.makers[name] = make
        return name

    def constant(self, value: Value) -> str:
        """A name for a constant."""
        return self.name("C", value, (type(value), value))

    def rows(self, relation: Relation) -> str:
        """A name for the rows of a stored relation."""
        return self._part("R", relation, (), lambda found: found.rows)

    def weights(self, relation: Relation) -> str:
        """A name for the weights of a stored relation's rows."""
        return self._part("W", relation, (), lambda found: found.weights)

    def index(self, relation: Relation, positions: tuple[int, ...]) -> str:
        """A name for the index of a stored relation on these positions."""
        self.indexed[relation.name][positions] = None
        return self._part("I", relation, positions, lambda found: found.index(positions))

    def strongest(self, relation: Relation, positions: tuple[int, ...]) -> str:
        """A name for a function from the values at these positions to the weight of the strongest row."""
        self.indexed[relation.name][positions] = None
        return self._part("S", relation, positions, lambda found: found.strongest(positions))

    def _part(
        self, kind: str, relation: Relation, positions: tuple[int, ...], part: Callable[[Relation], Any]
    ) -> str:
        stored = relation.name  # not the relation itself, which belongs to one of those who run the code
        name = self.own(kind, (stored, positions), lambda session: part(session.relation_of(stored)))
        if name not in self.of[stored]:
            self.of[stored].append(name)
        return name

    def define(self, parameters: Sequence[str], lines: Sequence[str]) -> str:
        """Compile source as a function of these parameters; its name."""
        name = f"def{len(self._names)}"
        source = "\n".join([f"def {name}({', '.join(parameters)}):", *lines])
        try:
            module = compile(source, f"<rules {name}>", "exec")  # only names made here stand in it
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise EvaluationError(f"a rule is too large to be compiled ({error}): split it") from error
        self._names[name] = name
        code = next(each for each in module.co_consts if isinstance(each, CodeType))
        read = [n for n in _globals(code) if n in self.things or n in self.makers]
        self.code[name] = code, tuple(dict.fromkeys(read))
        self.makers[name] = lambda session: session.frame.function(name)
        return name


def _globals(code: CodeType) -> Iterator[str]:
    """The names that are not local to a function, those in functions in it included."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _globals(each)


class Frame:
    """The code of a namespace, run in one ``session``, which has ``relation_of`` and whatever else the makers
    of names ask of it. A function is made, and the objects of its names are found, when it is first
    needed."""

    def __init__(self, namespace: Namespace, session: object, deadline: Deadline) -> None:
        self._namespace = namespace
        self._session = session
        self._functions: dict[str, FunctionType] = {}
        self._todo: list[tuple[str, ...]] = []
        # a plain dictionary: in a kind of its own Python looks names up slowly
        self.known: dict[str, Any] = {"E": ()}
        self.known["__builtins__"] = {"len": len, "set": set, "dict": dict, "list": list}
        self.known.update(now=deadline.clock, limit=deadline.limit, late=late)
        self.known.update(polled=deadline.polled, deadline=deadline)

    def function(self, name: str) -> Callable[..., Any]:
        """The function of a name that was defined. It can be called once the outermost call of this
        returns."""
        found = self._functions.get(name)
        if found is None:
            code, read = self._namespace.code[name]
            found = self._functions[name] = FunctionType(code, self.known, name)
            outermost = not self._todo
            self._todo.append(read)
            if outermost:
                self._find()
        return found

    def _find(self) -> None:
        """Find what the new functions speak of, functions in turn."""
        things, makers, known = self._namespace.things, self._namespace.makers, self.known
        try:
            for read in self._todo:  # which grows
                for name in read:
                    if name not in known:
                        known[name] = things[name] if name in things else makers[name](self._session)
        except BaseException:
            self._functions.clear()  # some speak of what was not found
            raise
        finally:
            self._todo.clear()

    def renew(self, relation: str) -> None:
        """A stored relation has its rows elsewhere now."""
        for name in self._namespace.of.get(relation, ()):
            if name in self.known:
                self.known[name] = self._namespace.makers[name](self._session)

    def drop(self, relation: str) -> None:
        """A stored relation is another object now. Functions that are made from now on find its parts anew;
        those that were made before are called no more."""
        for name in self._namespace.of.get(relation, ()):
            self.known.pop(name, None)


def parameters(adornment: str) -> list[str]:
    """The names of a function's parameters: one for each b."""
    return [f"p{i}" for i in range(adornment.count("b"))]


def key(parts: Sequence[str]) -> str:
    """The source of a key: see :mod:`mpr_logic.engine.store`."""
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
