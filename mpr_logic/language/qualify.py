"""Names under a prefix: ``.use "bank.dl" as bank`` makes ``limit`` of that file ``bank::limit``."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from mpr_logic.language.ast import (
    Annotation,
    Atom,
    ClassDecl,
    Clause,
    Const,
    ConstDecl,
    DefaultDecl,
    Member,
    Module,
    Named,
    ParamDecl,
    RelationDecl,
    Span,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

JOINT = "::"
"""Stands between a prefix and a name."""

_PLACE = re.compile(r"\{\$([a-z][A-Za-z0-9_:]*)\}")

NAMING = ("id", "overrides")
"""The annotations whose constants are ids of clauses."""


def declared_names(modules: Iterable[Module], builtin: Collection[str]) -> set[str]:
    """The names of the relations and classes that modules declare, without those that are built in. Actions
    keep their names, since they are the tools', and so do the types of their arguments."""
    statements = [s for m in modules for s in m.statements if isinstance(s, RelationDecl | ClassDecl)]
    return {s.name for s in statements if s.name not in builtin}


def declared_constants(modules: Iterable[Module]) -> set[str]:
    """The names of the constants and parameters that modules declare."""
    return {s.name for m in modules for s in m.statements if isinstance(s, ConstDecl | ParamDecl)}


def declared_ids(modules: Iterable[Module]) -> set[str]:
    """The ids that clauses of modules give themselves."""
    return {
        str(each.args[0].value)
        for module in modules
        for clause in module.clauses
        for each in clause.annotations
        if each.name == "id" and len(each.args) == 1
    }


def renamed(
    module: Module, names: Mapping[str, str], ids: Mapping[str, str], constants: Mapping[str, str]
) -> Module:
    """The module with other names of relations and of constants, and other ids.

    Args:
        module: the tree of a text.
        names: new names of relations and classes, by the old ones.
        ids: new ids of clauses, by the old ones.
        constants: new names of constants and parameters, by the old ones.
    """

    def said(text: Value) -> Value:
        """A reason with the new names of the constants in it."""
        if not isinstance(text, str) or "{$" not in text:
            return text
        return _PLACE.sub(lambda found: f"{{${constants.get(found[1], found[1])}}}", text)

    def changed(node: Any) -> Any:
        if isinstance(node, tuple) and not isinstance(node, Span):
            new = tuple(map(changed, node))
            return node if all(a is b for a, b in zip(new, node, strict=True)) else new
        if not is_dataclass(node) or isinstance(node, type):
            return node
        if isinstance(node, Annotation) and node.name in NAMING:
            return replace(node, args=tuple(Const(ids.get(str(c.value), c.value), c.span) for c in node.args))
        if isinstance(node, Annotation) and node.name == "because":
            return replace(node, args=tuple(Const(said(c.value), c.span) for c in node.args))
        parts = {f.name: getattr(node, f.name) for f in fields(node)}
        new_parts = {name: part if isinstance(part, str) else changed(part) for name, part in parts.items()}
        if isinstance(node, Atom | RelationDecl | ClassDecl) or (isinstance(node, Member) and not node.hint):
            new_parts["name"] = names.get(node.name, node.name)
        elif isinstance(node, DefaultDecl):
            new_parts["action"] = names.get(node.action, node.action)
        elif isinstance(node, Named | ConstDecl | ParamDecl):
            new_parts["name"] = constants.get(node.name, node.name)
        return node if new_parts == parts and not isinstance(node, Clause) else replace(node, **new_parts)

    statements: tuple[Any, ...] = changed(module.statements)
    return replace(module, statements=statements)
