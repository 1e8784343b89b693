"""Questions about derived relations that need no function of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.namespace import Alternative, Condition, Namespace
from mpr_logic.engine.planner import Filter, Scan
from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from mpr_logic.engine.groups import Group
    from mpr_logic.engine.planner import Step
    from mpr_logic.engine.topdown.compiler import Compiler

LONGEST = 400
"""Longer conditions are not written out."""
MOST = 3
"""So many rules of a relation are."""


def binding_is_useless(compiler: Compiler, name: str, adornment: str) -> bool:
    """Whether knowing the arguments saves nothing: every rule would begin with a scan that does not
    use them. All rows are derived once then, and looked up in."""
    if set(adornment) != {"b"} or name in compiler.component or compiler.weighted(name):
        return False
    draft = Writer(Namespace(), compiler)
    plans = [
        compiler.begin(draft, each, adornment, "break") for each in compiler.alternatives(name) if each.body
    ]
    scans = [p[0] for p in plans if isinstance(p[0], Scan) and not p[0].bound]
    return bool(scans) and len(scans) + sum(_is_lookup(p) for p in plans) == len(plans)


def condition(compiler: Compiler, name: str, adornment: str) -> Condition | None:
    """The rules that are a few tests of stored relations, or of relations that are such conditions, as a
    condition over the parameters. It is written out where the relation is asked."""
    if (name, adornment) in compiler.conditions:
        return compiler.conditions[name, adornment]
    with compiler.deeper() as now:
        found = _condition(compiler, name, adornment) if now else None
    if now:
        compiler.conditions[name, adornment] = found
    return found


def _condition(compiler: Compiler, name: str, adornment: str) -> Condition | None:
    if set(adornment) != {"b"} or name in compiler.component or compiler.weighted(name):
        return None
    groups = compiler.alternatives(name)
    written = [found for each in groups if (found := _written(compiler, each, adornment)) is not None]
    written = written[:MOST]
    if not written or sum(len(each.source) for each in written) > LONGEST:
        return None
    return Condition(tuple(written), whole=len(written) == len(groups))


def _written(compiler: Compiler, each: Group, adornment: str) -> Alternative | None:
    """A rule as a condition; None where it takes more than a few tests."""
    draft = Writer(compiler.namespace, compiler)
    steps = compiler.begin(draft, each, adornment, "break")
    if draft.lines or len(steps) > 4 or not all(_is_test(compiler, s) for s in steps):
        return None
    tests = [draft.condition(s.item)[0] for s in steps if isinstance(s, Filter)]
    return Alternative(" and ".join(f"({t})" for t in tests) or "True", tuple(draft.notes.reads))


def _is_test(compiler: Compiler, step: Step) -> bool:
    if not isinstance(step, Filter):
        return False
    if not isinstance(step.item, Literal) or compiler.stored(step.item.atom.name) is not None:
        return True
    atom = step.item.atom
    if any(isinstance(t, Var) and t.anonymous for t in atom.args):
        return False
    found = condition(compiler, atom.name, "b" * len(atom.args))
    return found is not None and found.whole


def _is_lookup(steps: tuple[Step, ...]) -> bool:
    """Whether a plan is one look at a stored relation, as cheap for all rows as for one."""
    return len(steps) == 1 and isinstance(steps[0], Filter) and isinstance(steps[0].item, Literal)
