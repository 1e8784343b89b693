"""The tables that SQL reads and writes, by sqlglot's parsers.

What is read must be known in full: each node of a statement's tree and each function stands in a list of
those that are known (:mod:`.sql_words`), and words that could do more have a place in the tree. Anything else
makes the text *opaque*: stacked commands, procedures, files, settings, hints, functions of the user, comments
that some server runs, quotes that another setting of the server would end elsewhere. Nothing is run or looked
up; so what views, triggers and rules of the database do is not known.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mpr_logic.checker.readers import sql_words as known
from mpr_logic.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST = 10_000
"""The most characters of a text that is read; a longer one is opaque."""

MOST = 1_000
"""The most tokens of a text that is read, so that a reading takes some tens of milliseconds at most."""

DEEPEST = 40
"""The most brackets inside each other, and the most that are square."""

STEPS = 12
"""The most steps of the parser for each token: it goes back where it guessed wrong, and again in there."""

_ODD = re.compile(
    r"""/\*[!+M] | --\+ | \\['"`] | \$\w*\$ | (?i:\bu&["']) | ^\s*[.\\] | \r(?!\n) | ^\s*go\s*$""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
"""Comments that a server runs or obeys; a quote behind a backslash, quotes by dollars and letters by number,
which servers read by their settings; commands of shells; a bare carriage return, which ends a comment for
some."""

_NO_COMMENT = re.compile(r"--(?!\s|$)")
"""Two dashes that begin no comment in MySQL."""

_BETWEEN = re.compile(r"(?:\s|--[^\n]*+(?:\n|$)|\#[^\n]*+(?:\n|$)|/\*(?:(?!/\*|\*/).)*+\*/)*+", re.DOTALL)
"""The text between two tokens: blanks, and comments without others in them."""

_EXPLAINED = re.compile(r"\s*explain\s+(?:query\s+plan\s+)?(?=(?:select|with)\b)", re.IGNORECASE)
_NAME = re.compile(r"[\w$#@-]+(?: [\w$#@-]+)*")
_ANY_CASE = frozenset({"mysql", "sqlite", "duckdb", "tsql"})
_KINDS = {"TruncateTable": "truncate"}


@dataclass(frozen=True, slots=True)
class Statements:
    """The result of reading a text.

    ``kinds`` are the kinds of its statements, such as ``select``, and of those inside them; ``reads`` and
    ``writes`` the tables, by the whole name and by the last part of it; ``columns`` the columns that are
    named, ``*`` for all; ``unconditional`` the tables of which every row is changed; ``opaque`` says what
    cannot be known, None where all is.
    """

    kinds: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    columns: tuple[str, ...]
    unconditional: tuple[str, ...]
    opaque: str | None


class _UnreadableError(Exception):
    """A text cannot be read; the message says why."""


@functools.lru_cache(maxsize=1024)
def read_sql(text: str, dialect: str) -> Statements:
    """Read a text of SQL; any text has an answer.

    Args:
        text: one statement, or some with ``;`` between them.
        dialect: one of :data:`~mpr_logic.analysis.builtin_relations.DIALECTS`.

    Raises:
        EvaluationError: sqlglot is not installed.
    """
    reader = _SqlReader(dialect)
    try:
        reader.text(text)
    except _UnreadableError as error:
        reader.opaque.append(str(error))
    except RecursionError:
        reader.opaque.append("it is nested too deeply")
    return Statements(
        _once(reader.kinds),
        _once(reader.reads),
        _once(reader.writes),
        _once(reader.columns),
        _once(reader.unconditional),
        reader.opaque[0] if reader.opaque else None,
    )


def _once(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


@functools.cache
def _dialect(name: str) -> tuple[Any, type]:
    """A dialect of sqlglot, and its parser with a bound on its steps and without a way out."""
    try:
        from sqlglot.dialects.dialect import Dialect
    except ImportError:
        raise EvaluationError(
            "rules ask what a text of SQL reads and writes, and its reader is missing: "
            "pip install 'mpr-logic[sql]'"
        ) from None
    dialect = Dialect.get_or_raise(name)
    plain: Any = dialect.parser_class

    class BoundedParser(plain):  # type: ignore[misc]
        """The parser of the dialect, which stops where it would take too long or would not understand."""

        left = 0

        def _advance(self, times: int = 1) -> None:
            self.left -= 1
            if self.left < 0:
                raise _UnreadableError("it takes too long to read")
            super()._advance(times)

        def _warn_unsupported(self) -> None:
            raise _UnreadableError("it has a statement that is not read")

    return dialect, BoundedParser


@dataclass(slots=True)
class _SqlReader:
    """Gathers what is found in the trees of a text."""

    dialect: str
    kinds: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    unconditional: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)

    def text(self, text: str) -> None:
        """Read a text.

        Raises:
            _UnreadableError: it cannot be read.
        """
        dialect, parser_class = _dialect(self.dialect)
        if len(text) > LONGEST:
            raise _UnreadableError("it is too long")
        if not all(c.isprintable() or c in "\r\n\t" for c in text):
            raise _UnreadableError("it has a character that does not print")
        if _ODD.search(text) or (self.dialect == "mysql" and _NO_COMMENT.search(text)):
            raise _UnreadableError("it has signs that servers read in more than one way")
        explained = _EXPLAINED.match(text)
        if explained:
            text = text[explained.end() :]
            self.kinds.append("explain")
        tokens = self.tokens(dialect, text)
        parser = parser_class(dialect=dialect)
        parser.left = STEPS * len(tokens) + 200
        from sqlglot.errors import SqlglotError

        try:
            trees = parser.parse(tokens, text)
        except (SqlglotError, ValueError, TypeError, AttributeError, KeyError, IndexError):
            # the parser errs on some texts that are no SQL by errors of Python
            raise _UnreadableError("it cannot be read as SQL") from None
        found = [tree for tree in trees if tree is not None and type(tree).__name__ != "Semicolon"]
        if not found:
            raise _UnreadableError("it has no statement")
        if explained and len(found) > 1:
            self.opaque.append("it explains one statement, and has others")
        placed: set[str] = set()
        try:
            for tree in found:
                placed |= self.statement(tree)
        except (AttributeError, TypeError, KeyError):
            raise _UnreadableError("a part of it is where none is expected") from None
        bare = {t.text.lower() for t in tokens if _is_bare(t, text)}
        for word in sorted((bare & known.WORDS) - placed):
            self.opaque.append(f"`{word}` stands where it has no place")

    def tokens(self, dialect: Any, text: str) -> list[Any]:
        """The tokens of a text that may be parsed.

        Raises:
            _UnreadableError: it has none, or what stands between them, or how they begin, is not known.
        """
        from sqlglot.errors import SqlglotError

        try:
            tokens: list[Any] = dialect.tokenize(text)
        except SqlglotError:
            raise _UnreadableError("it cannot be read as SQL") from None
        if len(tokens) > MOST:
            raise _UnreadableError("it is too long")
        depth = end = square = 0
        first = True
        for place, token in enumerate(tokens):
            if first and token.text.lower() not in known.STARTS:
                raise _UnreadableError("it has a statement that is not read")
            if not _BETWEEN.fullmatch(text, end, token.start):
                raise _UnreadableError("it has a comment that servers read in more than one way")
            end = token.end + 1
            if token.text == "\\":
                raise _UnreadableError("it has a command of a shell")
            first = token.text == ";" and _is_bare(token, text)
            depth += (token.text in "([{") - (token.text in ")]}")
            square += token.text == "["  # each is a copy of all before it
            if token.text == "(" and _calls_a_quoted_name(tokens, place, text):
                raise _UnreadableError("what a function in it does is not known")
            if self.dialect == "mysql" and text[token.start] == '"':
                self.columns.append(token.text.lower())  # by a setting of the server it is a name
            if self.dialect == "tsql" and place and _is_bare(token, text) and token.text.lower() == "top":
                before = tokens[place - 1].text.lower()
                if before in ("delete", "update", "insert", "into", "merge"):
                    raise _UnreadableError("it changes a number of rows, which is not read")
            if depth > DEEPEST or square > DEEPEST:
                raise _UnreadableError("it is nested too deeply")
        if not _BETWEEN.fullmatch(text, end):
            raise _UnreadableError("it has a comment that servers read in more than one way")
        return tokens

    # -- a statement ---------------------------------------------------------------------------

    def statement(self, tree: Any) -> set[str]:
        """Read the tree of a statement; the words that it gives a place."""
        root = type(tree).__name__
        definition = root in known.DEFINITIONS
        if not definition and root not in known.QUERIES and root not in known.CHANGES:
            self.opaque.append("it has a statement that is not read")
            return set()
        allowed = known.QUERY_NODES | known.FUNCTION_NODES | known.CHANGE_NODES
        if definition:
            allowed |= known.DEFINITION_NODES
            kind = str(tree.args.get("kind") or "TABLE").upper()
            if kind not in known.MADE:
                self.opaque.append("it makes or changes what is no table")
        placed: set[str] = set()
        written: set[int] = set()
        for node in tree.walk():
            name = type(node).__name__
            placed |= known.TAKEN.get(name, set())
            if name in known.CHANGES or (name in known.DEFINITIONS and node is tree):
                self.kinds.append(_KINDS.get(name, name.lower()))
            elif node is tree:
                self.kinds.append("select")
            if name in ("Anonymous", "AnonymousAggFunc"):
                if str(node.this).lower() not in known.FUNCTION_NAMES or not isinstance(node.this, str):
                    self.opaque.append("what a function in it does is not known")
            elif name not in allowed:
                self.opaque.append(f"what is called {name} in it is not read")
            if name in known.CHANGES or name == "Into":
                self.changed(node, written)
            elif name == "DataType" and not _is_plain(node):
                self.opaque.append("a type in it is not known")
        rows = (
            _names(tree) if self.dialect in ("postgres", "duckdb") else ()
        )  # a row by the name of its table
        for node in tree.walk():
            name = type(node).__name__
            if name == "Table" and id(node) not in written:
                self.table(node, made=definition and not _is_queried(node, tree))
            elif name == "Column":
                self.columns.append(node.name.lower() or "*")
                if node.args.get("table") is None and node.name.lower() in rows:
                    self.columns.append("*")
            elif name == "Star" and type(node.parent).__name__ != "Count":
                self.columns.append("*")
            elif name == "Identifier":
                self.identifier(node)
            elif name == "Join" and str(node.args.get("method") or "").upper() == "NATURAL":
                self.columns.append("*")
        if definition and root in ("TruncateTable", "Drop"):
            self.unconditional += self.writes
        return placed

    def identifier(self, node: Any) -> None:
        """A name that a server could take for another is not known; columns are also named in lists."""
        name = str(node.this)
        if not _NAME.fullmatch(name) or len(name.encode()) > 63:
            self.opaque.append("a name in it is odd")
        elif not name.isascii() and self.dialect in ("mysql", "tsql", "duckdb"):
            self.opaque.append("servers take a name in it for others")
        if type(node.parent).__name__ in ("Join", "Schema", "OnConflict"):
            self.columns.append(name.lower())

    def changed(self, node: Any, written: set[int]) -> None:
        """Note the tables that a change writes."""
        name = type(node).__name__
        if type(node.parent).__name__ == "When":
            return  # it is a part of a merge, and changes the table of that
        targets = list(node.args.get("tables") or [node.this])
        if name == "Update":
            targets += [join.this for join in node.this.args.get("joins") or ()]
        beside = [*_sources(node.this), *_sources(node.args.get("from_"))]
        names: list[str] = []
        for target in targets:
            table = target.this if type(target).__name__ == "Schema" else target
            if type(table).__name__ != "Table" or type(table.this).__name__ != "Identifier":
                self.opaque.append("what it changes is not known")
                continue
            written.add(id(table))
            names += self.meant(table, beside)
            if any(cte.alias.lower() == table.name.lower() for cte in _root(node).find_all(_cte())):
                self.opaque.append("it changes what it has defined itself")
        self.writes += names
        returns = node.args.get("returning") or node.args.get("conflict")
        if returns or name in ("Update", "Delete", "Merge"):
            self.reads += names
        if name in ("Update", "Delete") and not _is_conditional(node):
            self.unconditional += names

    def meant(self, table: Any, beside: Iterable[Any]) -> list[str]:
        """The names of a table that is changed; where it is the alias of another in the same statement, of
        that."""
        names = [] if table.args.get("db") else [each for each in beside if each is not table]
        aliased = [each for each in names if each.alias.lower() == table.name.lower()]
        found: list[str] = []
        for each in aliased:
            if type(each).__name__ == "Table":
                found += self.named(each)
            else:
                self.opaque.append("it changes what it has selected")
        # these have targets by alias; where case decides, or there are none, both may be meant
        certain = self.dialect in ("mysql", "tsql") and any(each.alias == table.name for each in aliased)
        return found if certain else [*found, *self.named(table)]

    def table(self, node: Any, *, made: bool) -> None:
        """Note a table that is read, or made."""
        if type(node.this).__name__ != "Identifier":
            if node.this is None or type(node.this).__name__ not in (known.FUNCTION_NODES | {"Anonymous"}):
                self.opaque.append("a table in it is not known")
            return
        if node.args.get("db") is None and _is_defined(node, self.dialect):
            return
        if self.dialect == "duckdb" and not re.fullmatch(r"\w+", node.name):
            self.opaque.append("a table in it may be a file")
        alias = node.args.get("alias")
        if alias is not None and alias.args.get("columns"):
            self.columns.append("*")
        if made:
            self.writes += self.named(node)
        else:
            self.reads += self.named(node)

    def named(self, table: Any) -> list[str]:
        """The names of a table: the whole one and its last part; both spellings where case may not matter."""
        parts = [part for part in (table.args.get("catalog"), table.args.get("db"), table.this) if part]
        if any(type(part).__name__ != "Identifier" for part in parts):
            self.opaque.append("a table in it is not known")
            return []
        plain = [
            _lower(part.this) if self.dialect in _ANY_CASE or not part.args.get("quoted") else part.this
            for part in parts
        ]
        found = [".".join(plain), plain[-1]]
        if self.dialect == "mysql":  # it hangs on the server's file system
            found += [".".join(part.this for part in parts), parts[-1].this]
        return found


_DEFINING = frozenset("into table on references exists view".split())


def _calls_a_quoted_name(tokens: list[Any], place: int, text: str) -> bool:
    """Whether a bracket stands behind a name in quotes that is no table's: a function of the user may have
    the name of a known one but for its case."""
    if place == 0 or tokens[place - 1].token_type.name != "IDENTIFIER" or _is_bare(tokens[place - 1], text):
        return False
    place -= 1
    while place > 1 and tokens[place - 1].text == ".":
        place -= 2
    return place == 0 or tokens[place - 1].text.lower() not in _DEFINING


def _lower(name: str) -> str:
    """A name in lower case, as servers do it: letters beyond ASCII stay."""
    return "".join(c.lower() if c.isascii() else c for c in name)


def _is_bare(token: Any, text: str) -> bool:
    """Whether a token stands in no quotes."""
    return bool(text[token.start : token.end + 1] == token.text)


def _root(node: Any) -> Any:
    while node.parent is not None:
        node = node.parent
    return node


@functools.cache
def _cte() -> Any:
    from sqlglot import exp

    return exp.CTE


def _sources(node: Any) -> Iterator[Any]:
    """A table and those that are joined to it; of a ``from``, its own."""
    if not hasattr(node, "args"):
        return  # there is none
    if type(node).__name__ == "From":
        node = node.this
    if type(node).__name__ == "Schema":
        node = node.this
    yield node
    for join in node.args.get("joins") or ():
        yield join.this


def _names(tree: Any) -> set[str]:
    """The names and aliases of what stands behind ``from`` and ``join``, anywhere in a tree."""
    return {
        node.alias_or_name.lower()
        for node in tree.walk()
        if type(node).__name__ in ("Table", "Subquery", "CTE", "Unnest", "Lateral", "Values")
    }


def _is_plain(node: Any) -> bool:
    """Whether a type is one of the language."""
    name = getattr(node.this, "name", "")
    return bool(name) and name not in ("USERDEFINED", "UNKNOWN")


def _is_queried(node: Any, tree: Any) -> bool:
    """Whether a table of a definition is read there, or referred to."""
    while node is not tree:
        node = node.parent
        if type(node).__name__ in (*known.QUERIES, "Reference"):
            return True
    return False


def _is_conditional(node: Any) -> bool:
    """Whether a change asks something of the rows that it changes: a constant is no condition."""
    where = node.args.get("where")
    return where is not None and any(type(each).__name__ == "Column" for each in where.walk())


def _is_defined(node: Any, dialect: str) -> bool:
    """Whether a name is that of a query which the statement has defined before, where it is seen."""
    name, below, above = _spelled(node.this, dialect), node, node.parent
    while above is not None:
        defined: Iterable[Any] = ()
        if type(above).__name__ == "With":
            own = next((i for i, each in enumerate(above.expressions) if each is below), 0)
            itself = bool(above.args.get("recursive")) or dialect in ("sqlite", "tsql")
            defined = above.expressions[: own + itself]
        elif above.args.get("with_") is not None and below is not above.args["with_"]:
            defined = above.args["with_"].expressions
        if any(_spelled(each.args["alias"].this, dialect) == name for each in defined):
            return True
        below, above = above, above.parent
    return False


def _spelled(identifier: Any, dialect: str) -> str:
    """A name as the server compares it with others, certainly: in MySQL and T-SQL case may matter."""
    name = str(identifier.this)
    if dialect in ("sqlite", "duckdb") or (dialect == "postgres" and not identifier.args.get("quoted")):
        return _lower(name)
    return name
