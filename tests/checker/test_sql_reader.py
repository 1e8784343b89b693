"""The reader of SQL and the rules on it: what a text reads and writes, opaque where that cannot be known."""

# ruff: noqa: E501

from __future__ import annotations

import sqlite3
from itertools import product
from time import perf_counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlglot", reason="needs the extra: pip install 'mpr-logic[sql]'")

from mpr_logic import Action, Checker
from mpr_logic.analysis.builtin_relations import DIALECTS
from mpr_logic.checker.readers import sql
from mpr_logic.checker.readers.sql import LONGEST, MOST, read_sql
from mpr_logic.errors import EvaluationError, ProgramError
from tests.helpers.examples import at_most
from tests.helpers.sql_statements import HIDDEN, ORDINARY, OTHER_TABLES, READABLE


def checker_of(style: str, dialect: str) -> Checker:
    """The bundled rules in one style, for a database with some tables that may be read."""
    checker = Checker.load("rules/sql/world", f"rules/sql/{style}", params={"dialect": dialect})
    told = [("readable", each) for each in READABLE] if style == "closed" else [("private", "secrets")]
    checker.update(add=[(name, (each,)) for name, each in [*told, ("writable", "notes")]])
    return checker


CHECKERS = {each: checker_of(*each) for each in product(("open", "closed"), DIALECTS)}


@pytest.mark.parametrize("style", ["open", "closed"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_ordinary_statements(style: str, dialect: str) -> None:
    """Everyday queries of what may be read are admitted."""
    checker = CHECKERS[style, dialect]
    refused = [each for each in ORDINARY[dialect] if not checker.check(Action("query", each)).admissible]
    assert refused == []


@pytest.mark.parametrize("style", ["open", "closed"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_ways_to_do_more(style: str, dialect: str) -> None:
    """No way to hide a change, a file or a program in a statement, or to spell a table otherwise, passes; of a
    table that nobody has spoken of only the closed set knows that it is not to be read."""
    tried = [text for of, text in HIDDEN if of == dialect]
    if style == "closed":
        tried += [text for of, text in OTHER_TABLES if of == dialect]
    checker = CHECKERS[style, dialect]
    assert [each for each in tried if checker.check(Action("query", each)).admissible] == []


READINGS = [
    ("postgres", "select * from a.b join c on true", "select", "a.b b c", "", "*", ""),
    ("postgres", 'select 1 from "Users"', "select", "Users", "", "", ""),
    ("mysql", "select 1 from Users", "select", "users Users", "", "", ""),
    ("mysql", 'select "pin" from users', "select", "users", "", "pin", ""),
    ("tsql", "select 1 from [Users]", "select", "users", "", "", ""),
    ("postgres", "insert into a (x) select y from b", "insert", "b", "a", "x y", ""),
    ("postgres", "insert into a values (1) returning *", "insert", "a", "a", "*", ""),
    ("postgres", "update a set x = 1 where y = 2", "update", "a", "a", "x y", ""),
    ("postgres", "update a set x = 1", "update", "a", "a", "x", "a"),
    ("postgres", "update a set x = 1 where 1 = 1", "update", "a", "a", "x", "a"),
    ("mysql", "update a join b on a.i = b.i set a.x = 1 where b.y = 2", "update", "a b", "a b", "x y i", ""),
    ("tsql", "update u set x = 1 from users u where u.i = 1", "update", "users", "users", "x i", ""),
    ("tsql", "delete u from users u", "delete", "users", "users", "", "users"),
    ("tsql", "delete u from users U", "delete", "u users", "u users", "", "u users"),
    ("postgres", "delete from a using b where a.i = b.i", "delete", "a b", "a", "i", ""),
    ("postgres", "truncate a", "truncate", "", "a", "", "a"),
    ("postgres", "drop table a.b", "drop", "", "a.b b", "", "a.b b"),
    ("postgres", "create view v as select x from a", "create", "a", "v", "x", ""),
    ("postgres", "create index i on a (x)", "create", "", "a", "x", ""),
    ("postgres", "alter table a drop column x", "alter", "", "a", "x", ""),
    ("postgres", "create table a (x int references b (y) on delete cascade)", "create", "b", "a", "y", ""),
    ("postgres", "merge into a using b on a.i = b.i when matched then update set x = b.x", "merge update", "a b", "a",
     "i x", ""),
    ("postgres", "select u from users as u", "select", "users", "", "u *", ""),
    ("postgres", "select count(*) from a", "select", "a", "", "", ""),
    ("postgres", "select t.* from a as t(x, y)", "select", "a", "", "*", ""),
    ("postgres", "select 1 from a natural join b", "select", "a b", "", "*", ""),
    ("postgres", "select 1 from a join b using (pin)", "select", "a b", "", "pin", ""),
    ("postgres", "explain select x from a", "explain select", "a", "", "x", ""),
    ("postgres", "with a as (select 1) select * from a", "select", "", "", "*", ""),
    ("tsql", "with a as (select x from b union all select x from a) select x from a", "select", "b", "", "x", ""),
    ("postgres", "select 1; delete from b where x = 1", "select delete", "b", "b", "x", ""),
]  # fmt: skip
"""Texts that are read in full: kinds, tables read and written, columns, tables of which all rows change."""


@pytest.mark.parametrize("reading", READINGS, ids=[each[1] for each in READINGS])
def test_what_is_read(reading: tuple[str, ...]) -> None:
    """The kinds of statements, the tables and columns are told; nothing is opaque."""
    dialect, text, *told = reading
    found = read_sql(text, dialect)
    shown = (found.kinds, found.reads, found.writes, found.columns, found.unconditional)
    assert [set(each) for each in shown] == [set(each.split()) for each in told]
    assert found.opaque is None


PIECES = st.sampled_from(
    "select * from t where a = 1 and ( ) , ; -- /* */ /*! ' \" ` [ ] \\ $$ insert into delete update set x with as "
    "union all case when then end drop table explain values join on 'x' 1 . :: -> @ # f( \n \r \0 é".split(
        " "
    )
)
BOMBS = [
    "select a" + "[0]" * 900,
    "select " + "(" * 2_000 + "1" + ")" * 2_000,
    "select " + "not " * 900 + "1",
    "select " + "case when 1 then " * 200 + "1" + " end" * 200,
    "select " + "interval " * 900 + "1",
    "select * from " + "(select * from " * 39 + "t" + ")" * 39,
    "select " + "a," * 4_990 + "a",
    "/*" * 4_999,
    "select 1" + " " * 9_000 + "--" * 400,
    "'" * LONGEST,
    "select " + "x -> " * 400 + "1",
    "\ud800",
    "",
]


@settings(max_examples=at_most(150), deadline=None)
@example(text="delete a", dialect="tsql")
@given(
    text=st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join)),
    dialect=st.sampled_from(DIALECTS),
)
def test_any_text_has_an_answer(text: str, dialect: str) -> None:
    """Any text of a model has an answer and no error, and the same answer each time."""
    found = read_sql(text, dialect)
    read_sql.cache_clear()
    assert read_sql(text, dialect) == found
    assert found.kinds or found.opaque


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_texts_made_to_take_long(text: str) -> None:
    """A text that is long, deep or made to mislead the parser is answered in a fraction of a second."""
    began = perf_counter()
    for dialect in DIALECTS:
        read_sql(text, dialect)
    assert perf_counter() - began < 5  # a bomb takes minutes
    assert read_sql("select " + "1," * MOST + "1", "postgres").opaque


TABLES, COLUMNS = ("a", "b", "s"), ("x", "y")
SOURCES = st.sampled_from(
    ["a", "b", "B", "[s]", "main.s", "a join b", "a, s", "(select x, y from s)", "(with a as (select 1 as x, 2 as y) "
     "select * from a)", "c", "a natural join b", "json_each('[1]')"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["1", "x", "*", "count(*)", "(select max(y) from s)", "exists (select 1 from b)", "upper(x)", "'; drop table a'",
     "hex(randomblob(1))", "load_extension('x')", "x /* y */", "x -- y\n", '"y"', "x in (select x from b)"]
)  # fmt: skip
QUERIES = st.builds(
    "{}select {} from {}{}".format,
    st.sampled_from(["", "", "with c as (select * from s) ", "with b as (select x, y from b) "]),
    VALUES,
    SOURCES,
    st.sampled_from(
        ["", " where x = 1", " where x in (select y from s)", " order by 1", " union select 1 from b"]
    ),
)
SQLITE = st.lists(
    st.one_of(
        QUERIES,
        QUERIES.map("explain {}".format),
        QUERIES.map("insert into b select 1, 2 from ({})".format),
        QUERIES.map("create table n as {}".format),
        QUERIES.map("update a set x = 1 where y in ({})".format),
        st.sampled_from(
            ["delete from s", "delete from a where x = 1", "drop table b", "pragma user_version = 1",
             "insert or replace into a values (1, 2)", "replace into a values (1, 2)", "attach ':memory:' as o",
             "insert into a values (1, 2) on conflict do nothing", "alter table a add column z", "vacuum", "begin",
             "create trigger t after insert on a begin delete from s; end", "create index i on s (x)",
             "update s set x = a.x from a where a.y = s.y", "select 1 from a where x = '\\'; delete from b; --'"]
        ),
    ),
    min_size=1,
    max_size=2,
).map("; ".join)  # fmt: skip
WRITES = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}
HARMLESS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_REINDEX,
}


@settings(max_examples=at_most(200), deadline=None)
@given(text=SQLITE)
@example(text="with a as (select * from s) select * from a")
@example(text="with A as (select * from a) select * from A")
def test_sqlite_touches_nothing_else(text: str) -> None:
    """Whatever SQLite itself asks leave for, when it runs a text, has been read, or the text is opaque."""
    base = sqlite3.connect(":memory:", isolation_level=None)
    base.executescript("".join(f"create table {each} (x unique, y);" for each in TABLES))
    reads, writes, others = set(), set(), set()

    def leave(what: int, first: str | None, second: str | None, *_: str | None) -> int:
        if what == sqlite3.SQLITE_READ and first in TABLES:
            if second or f"with {first} as" not in text:  # without a column it may be the query of that name
                reads.add(first)
        elif what in WRITES and first in TABLES:
            writes.add(first)
        elif what == sqlite3.SQLITE_FUNCTION:
            if second in ("load_extension", "randomblob"):
                others.add(second)
        elif what == sqlite3.SQLITE_DROP_TABLE:
            writes.add(str(first))
        elif what in (sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_CREATE_TRIGGER):
            others.add(str(what))
        return sqlite3.SQLITE_OK

    base.set_authorizer(leave)
    try:
        for each in text.split("; ") if "\\" not in text and "'; " not in text else [text]:
            base.execute(each).fetchall()
    except (sqlite3.Error, sqlite3.Warning):
        pass  # what it asked leave for until then counts
    finally:
        base.close()
    found = read_sql(text, "sqlite")
    assert found.opaque or (
        reads <= {*found.reads, *found.writes} and writes <= {*found.writes} and not others
    )


def test_rules_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs show the reading beside the text; a reader that is missing leaves the call undecided."""
    checker = CHECKERS["open", "postgres"]
    decision = checker.check(Action("query", "select name from secrets"))
    assert decision.rules == ("sql_private",)
    assert "the reader of SQL" in str(decision.reasons[0].proof)
    assert checker.check(Action("query", "update notes set x = 1 where y = 2")).admissible
    assert checker.check(Action("query", "update notes set x = 1")).rules == ("sql_all_rows",)
    assert "sql_opaque" in str(checker.why_not('query("select 1")'))
    for engine in ("pydatalog", "both"):
        other = Checker(checker.program, engine=engine)
        other.update(add=[("private", ("secrets",))])
        texts = ("select 1 from a", "select 1 from secrets", "call f()")
        assert [other.check(Action("query", t)).admissible for t in texts] == [True, False, False]

    def missing(_: str) -> None:
        raise EvaluationError("pip install 'mpr-logic[sql]'")

    monkeypatch.setattr(sql, "_dialect", missing)
    read_sql.cache_clear()
    decision = Checker(checker.program).check(Action("query", "select 'never read'"))
    assert (decision.verdict, "mpr-logic[sql]" in decision.reasons[0].text) == ("undecided", True)


def test_hidden_columns() -> None:
    """A column that is not shown is not named, nor hidden in a star."""
    for style in ("open", "closed"):
        checker = checker_of(style, "postgres")
        checker.update(add=[("hidden", ("pin",))])
        texts = ("select name from customers", "select PIN from customers", "select * from customers",
                 "select c from customers c", "select 1 from customers natural join orders",
                 "select row_to_json(customers) from customers")  # fmt: skip
        admitted = [checker.check(Action("query", each)).admissible for each in texts]
        assert admitted == [True, False, False, False, False, False]


MISTAKES = [
    ("sql_reads(T, postgresql, _)", "did you mean `postgres`?", "sql_reads(T, postgres, _)"),
    ("sql_reads(T, mssql, _)", "did you mean `tsql`?", "sql_reads(T, tsql, _)"),
    ('sql_reads(T, "SQL Server", _)', "did you mean `tsql`?", "sql_reads(T, tsql, _)"),
    ("sql_reads(T, mariadb, _)", "did you mean `mysql`?", "sql_reads(T, mysql, _)"),
    ("sql_reads(T, sqlite3, _)", "did you mean `sqlite`?", "sql_reads(T, sqlite, _)"),
    ("sql_reads(T, postgre, _)", "did you mean `postgres`?", "sql_reads(T, postgres, _)"),
    ("sql_reads(T, oracle, _)", "write one of `duckdb`", "sql_reads(T, duckdb, _)"),
    ("sql_reads(T, _, _)", "write the dialect here", "sql_reads(T, mysql, _)"),
    ("sql_reads(T, D, _), D = mysql", "write the dialect here", "sql_reads(T, mysql, _)"),
    ("not sql_opaque(T, _)", "write the dialect here", "not sql_opaque(T, mysql)"),
    ("0 = count : { sql_reads(T, _, _) }", "write the dialect here", "0 = count : { sql_reads(T, tsql, _) }"),
]
"""Bodies that authors would write, the help, and the body that it leads to."""


@pytest.mark.parametrize(("body", "told", "fix"), MISTAKES, ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_told_with_its_fix(body: str, told: str, fix: str) -> None:
    """A dialect that is none, or that is not known before the text is read, is an error with its fix."""
    head = ".action query(text: symbol)\nforbid query(T) :- "
    with pytest.raises(ProgramError) as refused:
        Checker.from_text(f"{head}{body}.")
    found = refused.value.diagnostics[0]
    assert (found.code, told in str(found)) == ("E0297", True), str(found)
    Checker.from_text(f"{head}{fix}.")


def test_a_relation_of_that_name() -> None:
    """A program that has a relation of such a name keeps it, and nothing is read for it."""
    own = Checker.from_text(
        ".decl sql_reads(a: int)\n.action f(a: int)\nsql_reads(1).\nforbid f(A) :- sql_reads(A)."
    )
    assert [own.check(f"f({each})").admissible for each in (1, 2)] == [False, True]
