"""The rule memory: episodes, rules with their evidence, and the history of all of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from mpr_logic.errors import StoreError
from mpr_logic.memory.declarations import Declarations, concluded, declarations_of, learned
from mpr_logic.memory.evidence import MISSING, first_unfit, observed
from mpr_logic.memory.records import (
    ACTIVE,
    Change,
    Citation,
    Contradiction,
    PassedOver,
    Refusal,
    RuleOutcome,
    StoredEpisode,
    StoredRule,
)
from mpr_logic.memory.trajectory import recordings, storable

try:
    from sqlalchemy import func, insert, or_, select

    from mpr_logic.memory.database import WAIT, Database
    from mpr_logic.memory.erasure import erase
    from mpr_logic.memory.import_export import export_text, import_modules
    from mpr_logic.memory.schema import (
        CHANGES,
        CITATIONS,
        CONTRADICTIONS,
        DECLARATIONS,
        EPISODES,
        EVIDENCE,
        PROBES,
        REFUSED,
        TRAJECTORIES,
        VERSIONS,
    )
    from mpr_logic.memory.transaction import (
        Transaction,
        forgotten_episodes,
        head_revision,
        is_live,
        live_revisions,
        load_rules,
        snapshot,
        unknown_rule,
    )
except ImportError as error:
    raise StoreError(f"{MISSING} ({error.name} cannot be imported)") from error

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Table

    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import Module
    from mpr_logic.memory.records import Imported, Kind, Status

THETA = 0.9
"""The weight from which a rule is law, unless another is set."""

PROBES_EACH = 3
"""The most times that one version of a rule may be probed, unless another budget is given."""


class Memory:
    """A rule memory in a database. Several processes may write one; a call that has returned is kept."""

    def __init__(self, database: Database, theta: float = THETA) -> None:
        if not 0 < theta <= 1:
            raise ValueError(f"theta is {theta}: it is a weight above 0 and at most 1")
        self.theta = theta
        self._database = database
        self._known: tuple[int, Declarations] = (0, Declarations())

    @classmethod
    def open(
        cls,
        location: str | os.PathLike[str],
        *,
        theta: float = THETA,
        create: bool = True,
        wait: float = WAIT,
    ) -> Self:
        """Open a memory.

        Args:
            location: the path of a SQLite file; or an SQLAlchemy URL of SQLite or PostgreSQL.
                ``sqlite://`` is a memory that is gone when it is closed, for one thread.
            theta: the weight from which a rule is law.
            create: make the memory where there is none.
            wait: how many seconds to wait for other writers.

        Raises:
            StoreError: it cannot be opened, or is no memory; what is there is as it was.
        """
        return cls(Database(location, create=create, wait=wait), theta)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what rules may speak of ----------------------------------------------------------------

    def declare(self, program: Program | Module) -> None:
        """Take the declarations of a program, or of a parsed text, among those that rules may use.

        Raises:
            ProgramError: they contradict those that the memory has.
            StoreError: the memory cannot be written.
        """
        from mpr_logic.language.ast import Module

        module = program if isinstance(program, Module) else declarations_of(program.schema)
        with self._database.reading() as connection:
            old = self._declared(connection)
            if old.with_([module]).text == old.text:
                return
        with self._database.writing() as connection:
            self._declare(Transaction(connection, self.theta), [module])

    def declarations(self) -> str:
        """The declarations as ``.dl`` text."""
        with self._database.reading() as connection:
            return self._declared(connection).text

    @property
    def outdated(self) -> tuple[str, ...]:
        """The names in the declarations, as far as they were read, that are built in now in another form.
        They are left out; a rule that uses the old form does not fit."""
        return self._known[1].outdated

    def _declared(self, connection: Connection) -> Declarations:
        here = snapshot(connection, self.theta)
        newest = select(func.max(DECLARATIONS.c.revision)).where(
            is_live(DECLARATIONS.c.revision, here.intervals)
        )
        revision = connection.execute(newest).scalar() or 0
        if revision != self._known[0]:
            text = select(DECLARATIONS.c.text).where(DECLARATIONS.c.revision == revision)
            self._known = revision, Declarations(connection.execute(text).scalar_one() if revision else "")
        return self._known[1]

    def _declare(self, writer: Transaction, modules: list[Module]) -> Declarations:
        old = self._declared(writer.connection)
        new = old.with_(modules)
        if new.text != old.text:
            more = len(new.statements) - len(old.statements)
            said = f"{more} declarations" if more else "other attributes"
            revision = writer.change("declare", said)
            writer.connection.execute(insert(DECLARATIONS).values(revision=revision, text=new.text))
        return new

    # -- episodes -------------------------------------------------------------------------------

    def add_episode(self, lines: Iterable[str | dict[str, Any]]) -> int:
        """Store one recorded episode (docs/reference/trajectory.md). Returns its id.

        Raises:
            StoreError: the lines are no trajectory of one episode, or the memory cannot be written.
        """
        found = self.add_episodes(lines)
        return found[0]

    def add_episodes(self, lines: Iterable[str | dict[str, Any]], *, many: bool = False) -> list[int]:
        """Store recorded episodes, all or none. Returns their ids.

        Raises:
            StoreError: the lines are no trajectories (or, but with ``many``, not of one episode), or the
                memory cannot be written.
        """
        found = list(recordings(lines))
        if not found or (len(found) > 1 and not many):
            raise StoreError(f"there are {len(found)} episodes in these lines: one is expected")
        with self._writing() as writer:
            return [writer.add_episode(each) for each in found]

    def unfit(self, episodes: Iterable[int]) -> list[PassedOver]:
        """The first turn of each of these episodes whose action does not fit the declared actions, so that
        nothing can be learned from the episode. Where no actions are declared yet, nothing is said.

        Raises:
            StoreError: an episode is not there, or the memory cannot be read.
        """
        with self._database.reading() as connection:
            schema = self._declared(connection).schema
        if not schema.actions:
            return []
        tasks = {each.id: each.task for each in self.episodes()}
        found = []
        for id in episodes:
            fault = first_unfit(schema, id, "\n".join(self.trajectory(id)))
            if fault is not None:
                found.append(PassedOver(str(id), tasks[id], *fault))
        return found

    def forget(self, episode: int, because: str = "asked for") -> bool:
        """Forget an episode: all that it said is erased, and its evidence counts no more. A learned rule that
        nothing else speaks for is forgotten with it. No rollback brings an episode back.

        Returns:
            Whether its bytes are out of the database's files too. They may stay in the log of a SQLite file
            while another process reads it: forget once more, or open and close the memory, when it has ended.
            Of the files of PostgreSQL nothing can be said: there it is False.

        Raises:
            StoreError: there is no such episode, or the memory cannot be written.
        """
        with self._writing() as writer:
            writer.check_episodes([episode])
            schema = self._declared(writer.connection).schema
            with writer.judging(writer.touched(episode), f"episode {episode} was forgotten"):
                writer.change("forget", because, episode=episode)
                erase(writer.connection, episode, schema)
                self._database.reseal(writer.connection)
        return self._database.shrink()

    # -- rules ----------------------------------------------------------------------------------

    def put(
        self,
        text: str,
        *,
        kind: Kind = "model",
        source: str = "",
        because: str | None = None,
        episodes: Collection[int] = (),
    ) -> StoredRule:
        """Add a rule, or a version of one. A rule that is there already in the same canonical form is
        taught by these episodes too, and is otherwise left as it is.

        Args:
            text: one clause. Of a learned one its weight, its @id and all annotations but @because and
                @source are not its author's to say, and are left out.
            kind: who wrote it.
            source: where it comes from; it becomes its @source.
            because: what it says when it rejects; it becomes its @because.
            episodes: the episodes that taught it.

        Returns:
            The rule as it stands now, also where it was there before.

        Raises:
            ProgramError: it is not a valid rule.
            StoreError: only a person may write such a rule, an episode is unknown, or the memory cannot
                be written.
        """
        if kind == "hand":
            from mpr_logic.language.parser import parse

            modules = [parse(text, "<hand>")]
            if len(modules[0].clauses) != 1 or source or because is not None:
                raise StoreError("write one clause, with its @source and @because in it")
            with self._writing() as writer:
                done = import_modules(writer, self._declare(writer, modules), modules, "by hand")
                rule = writer.rule((*done.new, *done.changed, *done.unchanged)[0])
                writer.teach(rule.version, episodes, rule.revision, rule.episodes)
                return writer.rule(rule.id)
        module = learned(text, because, source)
        with self._writing() as writer:
            (checked,) = self._declared(writer.connection).check([module])
            equal = writer.equal(checked.key)
            if equal is not None:
                cause = f"equal to {equal.id}, which is {equal.status}: {checked.text[:200]}"
                revision = writer.change("merge", cause, rule=equal.id)
                with writer.judging([equal.id], "taught again"):
                    writer.teach(equal.version, episodes, revision, equal.episodes)
                return writer.rule(equal.id)
            id = writer.free_id(checked)
            revision = writer.change("propose", source or kind, rule=id)
            (number,) = writer.add_versions([(id, checked, kind)], revision)
            writer.teach(number, episodes, revision)
            return writer.rule(id)

    def refuse(self, text: str, reason: str, *, kind: Kind = "model", episode: int | None = None) -> int:
        """Keep a candidate that was refused, whatever its text is, with the reason. Returns its number.

        Raises:
            StoreError: the episode is unknown, or the memory cannot be written.
        """
        with self._writing() as writer:
            writer.check_episodes([] if episode is None else [episode])
            revision = writer.change("refuse", reason[:500], episode=episode)
            values = {"text": storable(text), "reason": storable(reason), "kind": kind, "episode": episode}
            done = writer.connection.execute(insert(REFUSED).values(revision=revision, **values))
            return int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0

    def observe(self, rows: Iterable[RuleOutcome], cause: str = "") -> int:
        """Add evidence, all of it or none. What was tried over and over in an episode, and went the same way,
        is one observation: of a rule, an episode, an action with its arguments and an outcome the first one
        counts, and the others are passed over. So a replay may be repeated. All observations of one outcome
        in a group of episodes are one trial. Promotions and demotions that follow are logged.

        Returns:
            How many observations were new.

        Raises:
            StoreError: a rule or an episode is unknown, the episode has no such turn, another action was
                tried in it or it went otherwise, or the memory cannot be written.
        """
        found = list(rows)
        if not found:
            return 0
        with self._writing() as writer:
            ids = {row.rule for row in found}
            rules = load_rules(writer.connection, self.theta, ids)
            for id in ids - rules.keys():
                raise unknown_rule(id)
            declared = self._declared(writer.connection)
            with writer.judging(ids, cause or "evidence"):
                return writer.observe(found, rules, declared.schema, cause)

    def supersede(self, old: str, new: str, because: str) -> None:
        """Let one rule take the place of another.

        Raises:
            StoreError: one of them is unknown, a learned rule would supersede a hand-written one, or the
                memory cannot be written.
        """
        with self._writing() as writer:
            first, second = writer.rule(old), writer.rule(new)
            if first.kind == "hand" and second.kind != "hand":
                raise StoreError(f"`{old}` is hand-written: the learned `{new}` cannot supersede it")
            if old == new or second.status not in ACTIVE:
                raise StoreError(f"`{new}` cannot supersede `{old}`: name another rule, one that counts")
            writer.change("supersede", because, rule=old, to=new)

    def remove(self, rule: str, because: str) -> None:
        """Take a rule out, as a person does. It is kept, and counts for nothing; equal rules that are
        learned later do not bring it back.

        Raises:
            StoreError: it is unknown, or the memory cannot be written.
        """
        with self._writing() as writer:
            writer.change("remove", because, rule=writer.rule(rule).id)

    def hold(self, reasons: Mapping[str, str]) -> None:
        """Keep learned rules from being law, whatever their evidence, each for a reason: it weighs less than
        theta then, and is advice. An empty reason lets a rule go. What is as it was is not noted again.

        Raises:
            StoreError: a rule is unknown or hand-written, or the memory cannot be written.
        """
        if not reasons:
            return
        with self._writing() as writer:
            rules = load_rules(writer.connection, self.theta, list(reasons))
            for id, reason in reasons.items():
                if id not in rules:
                    raise unknown_rule(id)
                if rules[id].kind == "hand" and reason:
                    raise StoreError(f"`{id}` is hand-written: only its author holds it back")
            with writer.judging(list(reasons), "the gate"):
                for id, reason in reasons.items():
                    writer.hold(rules[id], reason)

    def contradict(self, rule: str, other: str, cause: str) -> None:
        """Note that two rules say opposite things.

        Raises:
            StoreError: one of them is unknown, or the memory cannot be written.
        """
        with self._writing() as writer:
            names = {"rule": writer.rule(rule).id, "other": writer.rule(other).id}
            revision = writer.change("contradict", cause, rule=rule, to=other)
            values = {"revision": revision, "cause": storable(cause)}
            writer.connection.execute(insert(CONTRADICTIONS).values(**values, **names))

    def probe(self, rule: str, action: str, *, budget: int = PROBES_EACH) -> bool:
        """Ask to let through, in shadow, an action that a rule blocks. Where the budget of this version of
        the rule is not spent, that is granted, and counted before the action is done.

        Raises:
            StoreError: the rule is unknown, or the memory cannot be written.
        """
        with self._writing() as writer:
            version = writer.rule(rule).version
            spent = select(func.count()).where(
                PROBES.c.version == version, is_live(PROBES.c.revision, writer.here.intervals)
            )
            if (writer.connection.execute(spent).scalar() or 0) >= budget:
                return False
            revision = writer.change("probe", action, rule=rule)
            values = {"revision": revision, "version": version, "action": storable(action)}
            writer.connection.execute(insert(PROBES).values(**values))
            return True

    # -- history and exchange -------------------------------------------------------------------

    def rollback(self, revision: int, because: str = "asked for") -> None:
        """Take back all changes after a revision: rules, versions, evidence, merges. Episodes stay, and
        what was forgotten stays so. A rollback is a change, which a later one can take back.

        Raises:
            StoreError: there is no such revision, or the memory cannot be written.
        """
        with self._writing() as writer:
            head = head_revision(writer.connection)
            if not 0 <= revision < head:
                raise StoreError(f"there is no revision {revision} to go back to: the newest is {head}")
            with writer.judging(None, f"back to revision {revision}"):
                writer.change("rollback", because, to=str(revision))

    def export(self, *, declarations: bool = False, ids: Collection[str] | None = None) -> str:
        """The rules that count as ``.dl`` text, each with its weight, @id and @evidence.

        Args:
            declarations: put the declarations in front, so that the text stands by itself. A relation that
                the recorded episodes observe, and that no exported rule fills, is declared `input`.
            ids: only these rules.
        """
        rules = self.rules(status=ACTIVE)
        chosen = rules if ids is None else [r for r in rules if r.id in set(ids)]
        text = export_text(chosen)
        if not declarations:
            return text
        with self._database.reading() as connection:
            declared = self._declared(connection)
        seen = observed(line for _, lines in self.trajectories() for line in lines)
        return f"{declared.filled(seen - concluded(text))}\n{text}"

    def import_(self, *texts: str | Module, replace: bool = False, cause: str = "by hand") -> Imported:
        """Take ``.dl`` texts as a person's: rules that are new or changed are hand-written from then on,
        rules that are as they were exported stay what they are. Declarations are taken too.

        Args:
            texts: texts, or parsed ones.
            replace: remove the rules that the texts leave out.
            cause: what the log says.

        Raises:
            ProgramError: the texts are not valid; nothing is imported.
            StoreError: the memory cannot be written.
        """
        from mpr_logic.collector import resting
        from mpr_logic.language.parser import parse

        with resting():
            modules = [parse(t, f"<text {i}>") if isinstance(t, str) else t for i, t in enumerate(texts, 1)]
            with self._writing() as writer:
                declared = self._declare(writer, modules)
                return import_modules(writer, declared, modules, cause, remove=replace)

    # -- what it tells: any of these may raise StoreError, where the memory cannot be read -----------

    def rules(
        self, status: Status | Iterable[Status] | None = None, ids: Collection[str] | None = None
    ) -> list[StoredRule]:
        """The rules, in the order in which they came: all, those of one status or of several, or by ids."""
        wanted = {status} if isinstance(status, str) else None if status is None else set(status)
        with self._database.reading() as connection:
            found = load_rules(connection, self.theta, ids).values()
        return [rule for rule in found if wanted is None or rule.status in wanted]

    def get(self, rule: str) -> StoredRule:
        """A rule as it stands.

        Raises:
            StoreError: there is none with this id.
        """
        found = self.rules(ids=[rule])
        if not found:
            raise unknown_rule(rule)
        return found[0]

    def log(self, rule: str | None = None, last: int | None = None) -> list[Change]:
        """The changes in their order: all, those that concern a rule, or the last few of them."""
        with self._database.reading() as connection:
            intervals = live_revisions(connection, head_revision(connection))
            query = select(CHANGES).order_by(CHANGES.c.revision.desc())
            if rule is not None:
                mine = select(VERSIONS.c.revision).where(VERSIONS.c.rule == rule)
                keys = select(VERSIONS.c.key).where(VERSIONS.c.rule == rule)
                seen = select(EVIDENCE.c.revision).where(EVIDENCE.c.key.in_(keys))
                named = or_(CHANGES.c.rule == rule, CHANGES.c.to == rule)
                query = query.where(or_(named, CHANGES.c.revision.in_(mine), CHANGES.c.revision.in_(seen)))
            rows = connection.execute(query if last is None else query.limit(last)).all()
        return [
            Change(**row._mapping, live=any(a <= row.revision <= b for a, b in intervals))
            for row in reversed(rows)
        ]

    def episodes(self) -> list[StoredEpisode]:
        """The episodes in their order, those that were forgotten too."""
        with self._database.reading() as connection:
            gone = forgotten_episodes(connection)
            rows = connection.execute(select(EPISODES).order_by(EPISODES.c.id)).all()
        return [
            StoredEpisode(**dict(row._mapping) | {"group": row.group or row.task}, forgotten=row.id in gone)
            for row in rows
        ]

    def trajectory(self, episode: int) -> list[str]:
        """The lines of an episode.

        Raises:
            StoreError: there is none, or it was forgotten.
        """
        with self._database.reading() as connection:
            query = select(TRAJECTORIES.c.text).where(TRAJECTORIES.c.episode == episode)
            text = connection.execute(query).scalar()
        if text is None:
            raise StoreError(f"there is no episode {episode}, or it was forgotten")
        return str(text).split("\n")

    def trajectories(self) -> Iterator[tuple[int, list[str]]]:
        """The lines of each episode that was not forgotten, with its id; one is read at a time."""
        for episode in self.episodes():
            if not episode.forgotten:
                yield episode.id, self.trajectory(episode.id)

    def refused(self) -> list[Refusal]:
        """The candidates that were refused, those of forgotten episodes left out."""
        return [
            Refusal(row.id, row.revision, row.text, row.reason, row.kind, row.episode)
            for row in self._live_rows(REFUSED)
        ]

    def contradictions(self) -> list[Contradiction]:
        """The pairs of rules that were found to say opposite things."""
        return [Contradiction(row.rule, row.other, row.cause) for row in self._live_rows(CONTRADICTIONS)]

    def citations(self, rule: str) -> list[Citation]:
        """The recorded decisions that name a rule."""
        with self._database.reading() as connection:
            query = select(CITATIONS).where(CITATIONS.c.rule == rule).order_by(CITATIONS.c.id)
            rows = connection.execute(query).all()
        return [Citation(r.episode, r.turn, r.rule, r.action, r.law, r.weight) for r in rows]

    def intact(self) -> bool:
        """Whether the database's own check of all that it holds finds no fault."""
        return self._database.intact()

    def stats(self) -> dict[str, Any]:
        """Counts of what the memory holds; docs/reference/json.md names them."""
        with self._database.reading() as connection:
            rules = load_rules(connection, self.theta).values()
            here = snapshot(connection, self.theta)
            episodes = connection.execute(select(EPISODES.c.id, EPISODES.c.won)).all()
            counts = {
                name: connection.execute(
                    select(func.count()).select_from(table).where(is_live(table.c.revision, here.intervals))
                ).scalar()
                for name, table in (
                    ("refused", REFUSED),
                    ("contradictions", CONTRADICTIONS),
                    ("probes", PROBES),
                )
            }
            kinds = select(CHANGES.c.kind, func.count()).where(is_live(CHANGES.c.revision, here.intervals))
            changes = {row[0]: row[1] for row in connection.execute(kinds.group_by(CHANGES.c.kind))}
            revision = head_revision(connection)
        statuses, authors = Counter(r.status for r in rules), Counter(r.kind for r in rules)
        return {
            "revision": revision,
            "episodes": len(episodes),
            "won": sum(row.won for row in episodes),
            "forgotten": len(here.gone),
            "rules": {
                name: statuses[name] for name in ("candidate", "advice", "law", "superseded", "forgotten")
            },
            "authors": {name: authors[name] for name in ("hand", "model", "induced")},
            "wrong": sum(r.wrong for r in rules),
            "right": sum(r.right for r in rules),
            "observations": sum(r.trials for r in rules),
            "contradicted": sum(r.contradicted for r in rules),
            "merged": changes.get("merge", 0),
            "promoted": changes.get("promote", 0),
            "demoted": changes.get("demote", 0),
            **counts,
        }

    def _live_rows(self, table: Table) -> list[Any]:
        with self._database.reading() as connection:
            intervals = live_revisions(connection, head_revision(connection))
            query = select(table).where(is_live(table.c.revision, intervals)).order_by(table.c.id)
            return list(connection.execute(query).all())

    def _writing(self) -> AbstractContextManager[Transaction]:
        from contextlib import contextmanager

        @contextmanager
        def transaction() -> Iterator[Transaction]:
            with self._database.writing() as connection:
                yield Transaction(connection, self.theta)

        return transaction()
