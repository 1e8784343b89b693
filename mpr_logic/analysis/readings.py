"""Literals of the relations that readers fill: how a text is to be read is told before there is one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import DIALECTS, PATHS, SQL
from mpr_logic.analysis.report import did_you_mean
from mpr_logic.analysis.terms import literals, term_span
from mpr_logic.language.ast import Const
from mpr_logic.language.printer import print_term

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.analysis.program import Rule, Schema
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Span, Term

_MEANT = {
    "postgresql": "postgres",
    "pg": "postgres",
    "psql": "postgres",
    "redshift": "postgres",
    "mariadb": "mysql",
    "sqlite3": "sqlite",
    "sqlserver": "tsql",
    "sql_server": "tsql",
    "mssql": "tsql",
    "transact_sql": "tsql",
    "duck": "duckdb",
}


def check_readings(schema: Schema, rules: Iterable[Rule], report: DiagnosticCollector) -> None:
    """Report dialects of SQL and working folders that are none, or that only an evaluation would tell."""
    for rule in rules:
        for literal in literals(rule.body):
            name = literal.atom.name
            if name not in SQL | PATHS or not schema.relations[name].builtin:
                continue
            if name in SQL:
                _dialect(literal.atom.args[1], term_span(literal.atom.args[1], literal.span), report)
            else:
                _folder(literal.atom.args[1], term_span(literal.atom.args[1], literal.span), report)


def _dialect(dialect: Term, span: Span, report: DiagnosticCollector) -> None:
    listed = ", ".join(f"`{each}`" for each in DIALECTS)
    if not isinstance(dialect, Const):
        report.error(
            "E0297",
            f"`{print_term(dialect)}` is no dialect: the text is read before rules are evaluated",
            span,
            f"write the dialect here, or the name of a parameter, such as `$db`: {listed}",
        )
    elif dialect.value not in DIALECTS:
        text = str(dialect.value)
        meant = _MEANT.get(text.lower().replace(" ", "_").replace("-", "_"))
        help = f"did you mean `{meant}`?" if meant else did_you_mean(text, DIALECTS, f"write one of {listed}")
        report.error("E0297", f"`{text}` is no dialect of SQL that is read", span, help)


_FOLDER = re.compile(r"(?:(?:file|anycase)://)?/[^\x00-\x1f]*|[A-Za-z]:[\\/][^\x00-\x1f]*")
_CLIMBS = re.compile(r"(?:^|[\\/])\.\.(?:[\\/]|$)")
_FORMS = '"/code", "C:/code", "anycase:///code" or "file:///code"'


def _folder(folder: Term, span: Span, report: DiagnosticCollector) -> None:
    if not isinstance(folder, Const):
        report.error(
            "E0298",
            f"`{print_term(folder)}` is no working folder: the path is read before rules are evaluated",
            span,
            f"write the folder here, or the name of a parameter, such as `$from`: {_FORMS}",
        )
        return
    text = str(folder.value)
    if _FOLDER.fullmatch(text) and not _CLIMBS.search(text):
        return
    help = f"a working folder begins at the root: {_FORMS}"
    if text.startswith("~"):
        help = "write the folder out: whose home it is, is not known here"
    report.error("E0298", f"`{text}` is no working folder", span, help)
