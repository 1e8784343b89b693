"""Erasure of an episode: what it said is taken out of every row, not only out of its own.

Its words went further than its lines: a rule that it taught has a reason and a source that somebody wrote
about it, later decisions quote that rule, a refusal quotes what was tried. Rows that count something stay,
with the words taken out, so that the history of the memory still adds up.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, or_, select, update

from mpr_logic.analysis import canonical_text
from mpr_logic.analysis.terms import rewrite_term, rewrite_written
from mpr_logic.language.ast import Const
from mpr_logic.language.parser import parse_clause
from mpr_logic.language.printer import print_statement
from mpr_logic.memory.schema import (
    CHANGES,
    CITATIONS,
    CONTRADICTIONS,
    DECLARATIONS,
    EPISODES,
    EVIDENCE,
    HOLDS,
    LESSONS,
    PROBES,
    REFUSED,
    TRAJECTORIES,
    VERSIONS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from mpr_logic.analysis.program import Schema
    from mpr_logic.language.ast import Clause, Term


FORGOTTEN = "forgotten"
"""The text that stands in the place of each text that was erased."""

_WORD = re.compile(r"[^\s\"'`\\(),;:\[\]{}]{2,}")
_CONSTANT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"(),]+)')
_ABOUT_A_RULE = ("propose", "merge", "supersede", "contradict", "probe")
_JUDGED = re.compile(r"\w+ to \w+, \d+ wrong, \d+ right, weight \S+ to \S+$")


def erase(connection: Connection, episode: int, schema: Schema) -> None:
    """Take an episode out of all rows. What a person wrote as a rule stays.

    Out go its lines and citations, its task and origin, and what was refused because of it. The causes in the
    log that speak of it go too, and so do the reasons and sources of the rules that it taught, also where
    decisions of other episodes quote them.

    Args:
        connection: in a transaction that writes.
        episode: its number.
        schema: the declarations, by which rules are known again.
    """
    _Eraser(connection, episode, schema).run()


class _Eraser:
    def __init__(self, connection: Connection, episode: int, schema: Schema) -> None:
        self._connection = connection
        self._episode = episode
        self._schema = schema
        self._others: set[str] = set()
        self._own = self._own_words()
        self._names = self._own_names()

    def run(self) -> None:
        for table in (TRAJECTORIES, CITATIONS, REFUSED):
            self._connection.execute(delete(table).where(table.c.episode == self._episode))
        blank = dict.fromkeys(("task", "kind", "policy", "rules", "group"), FORGOTTEN)
        self._connection.execute(update(EPISODES).where(EPISODES.c.id == self._episode).values(**blank))
        taught = self._taught()
        self._log(taught)
        self._loose_texts()
        self._quotations({rule for rule in taught if self._rewrite(rule, taught[rule])})

    def _own_words(self) -> set[str]:
        """The words of the constants that the episode alone speaks of. Notes what other episodes, the
        declarations and rules by hand say."""
        own: set[str] = set()
        for row in self._connection.execute(select(TRAJECTORIES)).all():
            for line in _lines(row.text):
                if row.episode == self._episode:
                    own.update(word for text in _spoken(line) for word in _WORD.findall(text))
                else:
                    self._others.update(word for text in _values(line) for word in _WORD.findall(text))
        written = select(VERSIONS.c.text).where(VERSIONS.c.kind == "hand")
        for query in (written, select(DECLARATIONS.c.text)):
            for text in self._connection.execute(query).scalars():
                self._others.update(_WORD.findall(text))
        return own - self._others

    def _own_names(self) -> re.Pattern[str] | None:
        """The pattern that finds the names of the episode's task and group in a text; None where other
        episodes have them too."""
        rows = {row.id: {row.task, row.group} for row in self._connection.execute(select(EPISODES)).all()}
        own = rows.pop(self._episode, set()).difference({""}, *rows.values())
        names = "|".join(map(re.escape, sorted(own)))
        return re.compile(rf"(?<!\w)(?:{names})(?!\w)") if own else None

    def _says(self, text: str) -> bool:
        """Whether a text has words of the episode, or its task or group, in it."""
        named = self._names is not None and self._names.search(text) is not None
        return named or not self._own.isdisjoint(_WORD.findall(text))

    def _taught(self) -> dict[str, set[str]]:
        """The learned rules that the episode taught or gave evidence of, each with its parts that were
        written about the episode.

        The source is one where the episode had a part in the rule; the reason, where a model wrote it or no
        other episode had a part; the constants, where nothing else speaks for the rule."""
        lessons = self._connection.execute(select(LESSONS)).all()
        mine = {each.version: each.revision for each in lessons if each.episode == self._episode}
        shared = {each.version for each in lessons if each.episode != self._episode}
        known = select(EVIDENCE.c.key).where(EVIDENCE.c.episode != self._episode)
        elsewhere = set(self._connection.execute(known).scalars())
        keys = select(EVIDENCE.c.key).where(EVIDENCE.c.episode == self._episode)
        query = select(VERSIONS).where(
            or_(VERSIONS.c.key.in_(keys), VERSIONS.c.number.in_(mine)), VERSIONS.c.kind != "hand"
        )
        found: dict[str, set[str]] = {}
        for row in self._connection.execute(query).all():
            written = found.setdefault(row.rule, set())
            if mine.get(row.number) == row.revision:
                alone = row.number not in shared
                written |= {"source"} | ({"because"} if alone or row.kind == "model" else set())
                written |= {"constants"} if alone and row.key not in elsewhere else set()
        return found

    def _log(self, taught: dict[str, set[str]]) -> None:
        """The causes of changes that came of the episode, and all that speak of it."""
        revisions: set[int] = set()
        for table in (LESSONS, EVIDENCE):
            query = select(table.c.revision).where(table.c.episode == self._episode)
            revisions |= set(self._connection.execute(query).scalars())
        for row in self._connection.execute(select(CHANGES)).all():
            cause = row.cause
            if row.kind in ("promote", "demote"):
                judged = _JUDGED.search(cause) if row.rule in taught else None
                cause = judged[0] if judged else cause
            elif row.kind == "forget":
                continue
            elif (
                row.episode == self._episode
                or row.revision in revisions
                or (row.kind in _ABOUT_A_RULE and taught.get(row.rule))
            ):
                cause = FORGOTTEN
            if self._says(cause):
                cause = FORGOTTEN
            if cause != row.cause:
                this = update(CHANGES).where(CHANGES.c.revision == row.revision)
                self._connection.execute(this.values(cause=cause))

    def _loose_texts(self) -> None:
        """Texts that name no episode: refusals, probes and contradictions that speak of it."""
        turn = re.compile(rf"in turn \d+ of {self._episode}\b")
        for row in self._connection.execute(select(REFUSED)).all():
            if self._says(row.text) or self._says(row.reason) or turn.search(row.reason):
                self._connection.execute(delete(REFUSED).where(REFUSED.c.id == row.id))
                this = update(CHANGES).where(CHANGES.c.revision == row.revision)
                self._connection.execute(this.values(cause=FORGOTTEN))
        for table, name in ((PROBES, "action"), (CONTRADICTIONS, "cause"), (HOLDS, "reason")):
            for row in self._connection.execute(select(table)).all():
                if self._says(getattr(row, name)):
                    this = update(table).where(table.c.id == row.id)
                    self._connection.execute(this.values(**{name: FORGOTTEN}))

    def _rewrite(self, rule: str, written: set[str]) -> bool:
        """Take the episode's words out of the versions of a learned rule; whether there were any."""
        changed = False
        query = select(VERSIONS).where(VERSIONS.c.rule == rule, VERSIONS.c.kind != "hand")
        for row in self._connection.execute(query).all():
            clause = self._without_words(parse_clause(row.text), written)
            text = print_statement(clause)
            if text != row.text:
                values: dict[str, Any] = {"text": text}
                if clause.head != parse_clause(row.text).head or clause.body != parse_clause(row.text).body:
                    canonical = canonical_text(self._schema, clause)
                    values["key"] = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
                self._connection.execute(
                    update(VERSIONS).where(VERSIONS.c.number == row.number).values(**values)
                )
                changed = True
        return changed

    def _without_words(self, clause: Clause, written: set[str]) -> Clause:
        """A rule without the texts that were written about the episode, and without its own constants."""

        def leaf(term: Term) -> Term:
            if not isinstance(term, Const) or not isinstance(term.value, str):
                return term
            unknown = "constants" in written and not self._others.issuperset(_WORD.findall(term.value))
            return Const(FORGOTTEN) if unknown or self._says(term.value) else term

        kept = tuple(
            note
            for note in clause.annotations
            if note.name not in written and not any(self._says(str(each.value)) for each in note.args)
        )
        head = replace(clause.head, args=tuple(rewrite_term(term, leaf) for term in clause.head.args))
        body = tuple(rewrite_written(item, leaf) for item in clause.body)
        return replace(clause, head=head, body=body, annotations=kept)

    def _quotations(self, rules: set[str]) -> None:
        """Erase the texts of rewritten rules where decisions of other episodes quote them."""
        if not rules:
            return
        query = select(CITATIONS.c.episode).where(CITATIONS.c.rule.in_(rules)).distinct()
        for episode in self._connection.execute(query).scalars().all():
            one = TRAJECTORIES.c.episode == episode
            text = self._connection.execute(select(TRAJECTORIES.c.text).where(one)).scalar() or ""
            lines = [json.dumps(_unquoted(line, rules), allow_nan=False) for line in _lines(text)]
            self._connection.execute(update(TRAJECTORIES).where(one).values(text="\n".join(lines)))


def _lines(text: str) -> list[Any]:
    """The lines of an episode; those that cannot be read, as they are."""
    found: list[Any] = []
    for line in text.split("\n"):
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            found.append(line)
    return found


def _spoken(line: Any) -> Iterator[str]:
    """The constants of the actions and the facts of a line."""
    if not isinstance(line, dict):
        return
    actions = [
        line.get("action"),
        *(d.get("action") for d in line.get("decisions", ()) if isinstance(d, dict)),
    ]
    for atom in (*actions, *line.get("added", ()), *line.get("removed", ())):
        if isinstance(atom, str):
            for quoted, plain in _CONSTANT.findall(atom.partition("(")[2]):
                yield quoted or plain


def _values(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _values(each)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each)


def _unquoted(value: Any, rules: set[str]) -> Any:
    """A JSON value in which nothing is quoted of some rules but their ids."""
    if isinstance(value, list):
        return [_unquoted(each, rules) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _unquoted(each, rules) for key, each in value.items()}
    rule = value.get("rule")
    if isinstance(rule, dict) and rule.get("id") in rules:
        gone = {key: FORGOTTEN for key in ("text", "because") if key in value}
        bare = {key: FORGOTTEN if key in ("text", "because") else each for key, each in rule.items()}
        return found | gone | {"rule": bare}
    return found
