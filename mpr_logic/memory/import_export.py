"""A memory as ``.dl`` text, and back: what a hand has changed in between is hand-written from then on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from sqlalchemy import select

from mpr_logic.collector import resting
from mpr_logic.errors import StoreError
from mpr_logic.language.ast import Annotation, Const, Module
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_module
from mpr_logic.memory.declarations import EVIDENCE, without_comments
from mpr_logic.memory.evidence import below
from mpr_logic.memory.records import ACTIVE, Imported
from mpr_logic.memory.schema import VERSIONS
from mpr_logic.memory.transaction import MANY, belief, load_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.memory.declarations import Checked, Declarations
    from mpr_logic.memory.records import Kind, StoredRule
    from mpr_logic.memory.transaction import Transaction


def export_text(rules: Sequence[StoredRule]) -> str:
    """Rules as canonical text, each with its weight and its @id; those that no person wrote carry
    ``@evidence(KIND, WRONG, RIGHT)`` as well, from which their weight follows."""
    with resting():
        module = parse("\n".join(rule.text for rule in rules))
        clauses = []
        for rule, clause in zip(rules, module.clauses, strict=True):
            notes = [Annotation("id", (Const(rule.id),)), *clause.annotations]
            if rule.kind != "hand":
                values = (Const(rule.kind), Const(rule.wrong), Const(rule.right))
                notes.append(Annotation(EVIDENCE, values))
            clauses.append(replace(clause, weight=rule.weight, annotations=tuple(notes)))
        return print_module(Module(tuple(clauses), module.comments))


def import_modules(
    writer: Transaction,
    declared: Declarations,
    modules: Sequence[Module],
    cause: str,
    *,
    remove: bool = False,
) -> Imported:
    """Take the clauses of some modules as a person's; see ``Memory.import_``.

    Raises:
        ProgramError: one is not valid.
        StoreError: two have one id, or the memory cannot be written.
    """
    checked = declared.check(modules)
    sorting = _Sorting(writer, checked, everything=remove)
    for each in checked:
        sorting.take(each)
    gone = [r.id for r in sorting.rules.values() if r.status in ACTIVE and r.id not in sorting.seen]
    gone = [id for id in gone if id not in sorting.replaced] if remove else []
    found = sorting.found(gone)
    if found.new or found.changed or gone:
        said = f"{len(found.new)} new, {len(found.changed)} changed, {len(gone)} removed"
        revision = writer.change("import", f"{cause}: {said}")
        writer.add_versions(sorting.versions, revision)
        for old, new in sorting.replaced.items():
            writer.change("supersede", f"{cause}: the same rule, hand-written", rule=old, to=new)
        for id in gone:
            writer.change("remove", f"{cause}: it is not in the text", rule=id)
    return found


@dataclass
class _Sorting:
    """Tells new, changed and unchanged clauses apart."""

    writer: Transaction
    checked: Sequence[Checked]
    everything: bool
    seen: dict[str, str] = field(default_factory=dict)  # what became of each id
    keys: dict[str, str] = field(default_factory=dict)  # the id of each canonical form in the text
    versions: list[tuple[str, Checked, Kind]] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = self._known()
        ids = None if self.everything or len(rows) > MANY else {rule for rule, _ in rows}
        self.rules = load_rules(self.writer.connection, self.writer.theta, ids)
        self.taken: dict[str, set[str]] = {}
        for rule, key in rows:
            self.taken.setdefault(rule, set()).add(key)
        self.equal: dict[str, StoredRule] = {}
        for each in self.rules.values():
            if each.key not in self.equal or each.status in ACTIVE:
                self.equal[each.key] = each

    def _known(self) -> list[tuple[str, str]]:
        """The ids and keys that there ever were, as far as these clauses could meet them."""
        query = select(VERSIONS.c.rule, VERSIONS.c.key)
        if len(self.checked) <= MANY:
            ids = {each.id or each.short for each in self.checked}
            keys = {each.key for each in self.checked}
            query = query.where(VERSIONS.c.rule.in_(ids) | VERSIONS.c.key.in_(keys))
        return [(rule, key) for rule, key in self.writer.connection.execute(query)]

    def take(self, each: Checked) -> None:
        """Sort one clause."""
        equal = self.equal.get(each.key)
        id = each.id or self.keys.get(each.key) or (equal.id if equal else self._new_id(each))
        if id in self.seen:
            if self.keys.get(each.key) == id:
                return  # the same clause again
            raise StoreError(f"{each.clause.span}: two clauses have the id `{id}`: rename one of them")
        self.keys.setdefault(each.key, id)
        old = self.rules.get(id)
        if old is not None and old.status in ACTIVE and old.key == each.key and _same(old, each, self.writer):
            self.seen[id] = "unchanged"
            return
        self.seen[id] = "changed" if old is not None else "new"
        self.versions.append((id, each, "hand"))
        if equal is not None and equal.id != id and equal.status in ACTIVE:
            self.replaced[equal.id] = id

    def _new_id(self, each: Checked) -> str:
        id = each.short
        return id if self.taken.get(id, {each.key}) == {each.key} else self.writer.free_id(each)

    def found(self, gone: Iterable[str]) -> Imported:
        """The result of the import; ``gone`` are the ids of the rules that it removed."""
        new, changed, unchanged = (
            tuple(id for id, what in self.seen.items() if what == word)
            for word in ("new", "changed", "unchanged")
        )
        return Imported(new, changed, unchanged, tuple(gone))


def _same(old: StoredRule, new: Checked, writer: Transaction) -> bool:
    """Whether a clause says what the memory says, with the weight that it has or had when exported."""
    weight = new.clause.weight
    if old.kind == "hand":
        return weight == old.weight and new.text == old.text
    first, second = without_comments([old.text, new.text])
    if first != second:
        return False
    if weight == old.weight:
        return True
    match new.clause.annotation(EVIDENCE):
        case (old.kind, int() as wrong, int() as right) if wrong >= 0 and right >= 0:
            believed = belief(old.head, cast("Kind", old.kind), wrong, right, writer.theta)
            return weight in (believed, min(believed, below(writer.theta)))  # exported while it was held back
    return False
