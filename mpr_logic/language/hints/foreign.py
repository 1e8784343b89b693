"""Words and signs of other languages, each with what to write instead."""

from __future__ import annotations

from typing import Final

_IF = "write `:-` between head and body"
_EQUAL = "equality is `=`"
_UNEQUAL = "inequality is `!=`"
_NOT = "negation is `not`: `not p(X)`"
_OR = "alternatives stand in parentheses, `(p(X) ; q(X))`; or write one clause for each case"
_AND = "the literals of a body are separated by `,`"
_COMMENT = "a comment begins with `%` and ends with its line"
_POWER = "there is no power: multiply"
_QUERY = "a query is asked with `mpr query`, not in a file of rules"
_UNLESS = "an exception is a literal with `not`: `..., not p(X)`; or a `permit` with `@overrides`"
SETS = "there are no lists; that a value is one of a few is written `T in {a, b}`"
_ANY = "a variable that stands in the body alone stands for any value: leave this word out"
_ALL = "what holds of all is what fails of none: `not` a relation that holds where it fails"
_MATCHES = "a regular expression is tried by `matches(T, R)`"
_PARTS = "there are `contains(T, U)`, `starts_with(T, U)`, `ends_with(T, U)` and `matches(T, R)`"
_LOWER = "the text in lower case is `lower(T)`; to compare whatever the case, `casefold(T)`"
_UPPER = "the text in upper case is `upper(T)`"
_TRIM = "the text without white space around it is `trim(T)`"
_CONCAT = "texts are joined by `concat(T, U)`, of a number by `concat(T, to_text(N))`"
_SUBSTRING = (
    "a piece is `substring(T, From, Length)`, positions begin at 0; between separators `part(T, Sep, I)`"
)
_SPLIT = "the piece at a position is `part(T, Separator, I)`: the first is at 0, the last at -1"
_REPLACE = "`replace(T, Old, New)` replaces one text by another; what an expression finds is `group(T, R, 0)`"
_GROUP = "what a regular expression finds is `group(T, R, 0)`, its first group `group(T, R, 1)`"
_TO_TEXT = "the text of a number is `to_text(N)`"
_TO_NUMBER = "the number that a text writes is `to_int(T)` or `to_float(T)`: of any other text there is none"
_NORMAL = "Unicode's normal forms are `nfc(T)` and `nfkc(T)`"
_WHERE = "whether it is there says `contains(T, U)`; the piece before it is `part(T, U, 0)`"
_DAY = 'the day of the week is `weekday(T, "Europe/Berlin")`, from monday to sunday; of a date `weekday(D)`'
_CLOCK = 'of a time there are `year`, `month`, `day`, `hour` and `minute`, as in `hour(T, "Europe/Berlin")`'
_DATE = 'the date of a time in a zone is `date(T, "Europe/Berlin")`, what a text writes is `to_date(T)`'
_TIME = 'the time that a text writes is `to_time(T)`, without an offset in it `to_time(T, "Europe/Berlin")`'
_DURATION = "what a text writes is `to_duration(T)`; in a rule write a number with its unit, such as `24h`"
_NOW = "ask for the time of the check, `now_at(N)`"
_LENGTH = "the number of characters is `length(T)`; of an argument's items it is `list_length(L, N)`"
_NUMBERS = "numbers are computed with `+ - * / mod`; a case distinction is two rules"
_COUNTS = "count by `N = count : { p(X) }`, add up by `S = sum X : { p(X) }`, then compare `N` or `S`"

USE: Final = 'the rules of another file are taken in by `.use "file.dl"`; with `as name` they get a prefix'
"""The help line for words that take in another file."""

USING: Final = frozenset(
    "import include use load consult ensure_loaded use_module require from package module".split()
)
"""Words that name another file, or the file itself, in other languages."""

FOREIGN: Final = {
    "<-": _IF,
    "<--": _IF,
    ":=": f"{_IF}, and `=` in a comparison",
    "=>": f"{_IF} (the head comes first), and `>=` in a comparison",
    "->": "write the head first: `head :- body.`",
    "-->": "write the head first: `head :- body.`",
    "==": _EQUAL,
    "===": _EQUAL,
    "=:=": _EQUAL,
    "=\\=": _UNEQUAL,
    "\\=": _UNEQUAL,
    "\\==": _UNEQUAL,
    "!==": _UNEQUAL,
    "<>": _UNEQUAL,
    "=<": "less or equal is `<=`",
    "\\+": _NOT,
    "!": _NOT,
    "~": _NOT,
    ";": _OR,
    "|": _OR,
    "||": _OR,
    "&": _AND,
    "&&": _AND,
    "//": f"{_COMMENT}; division of ints, `/`, drops the fraction",
    "/*": _COMMENT,
    "#": _COMMENT,
    "**": _POWER,
    "^": _POWER,
    "?-": _QUERY,
    "?": f"variables begin upper-case; `name?: type` stands in an `.action`; {_QUERY}",
    "--": _COMMENT,
    "if": _IF,
    "when": _IF,
    "where": _IF,
    "then": "write the head first: `head :- body.`",
    "unless": _UNLESS,
    "except": _UNLESS,
    "in": SETS,
    "∈": SETS,
    "∉": "write `T not in {a, b}`",
    "is": "`X is int` asks for a type; a value is compared, or set, with `=`",
    "like": _PARTS,
    "and": _AND,
    "or": _OR,
    "exists": _ANY,
    "some": _ANY,
    "forall": _ALL,
    "every": _ALL,
}
"""Each sign or word, and the help line for it."""

VERDICTS: Final = {
    **dict.fromkeys(
        "deny denies block blocks reject rejects disallow prohibit ban refuse drop".split(), "forbid"
    ),
    **dict.fromkeys("allow allows accept accepts approve grant admit".split(), "permit"),
    **dict.fromkeys("suggest recommend should".split(), "prefer"),
}
"""Words that head a rule about an action in other languages, and the one to write instead."""

EVERY: Final = frozenset("all every everything anything each whatever any_action every_action".split())
"""Words that stand for all actions in other languages."""

FUNCTIONS: Final = {
    **dict.fromkeys("lowercase tolower to_lower lcase downcase string_lower".split(), _LOWER),
    **dict.fromkeys("uppercase toupper to_upper ucase upcase string_upper".split(), _UPPER),
    **dict.fromkeys("strip lstrip rstrip ltrim rtrim trim_space trimmed".split(), _TRIM),
    **dict.fromkeys("cat join append sprintf printf format format_int string_concat strcat".split(), _CONCAT),
    **dict.fromkeys("substr slice mid left right sub_string sub_atom".split(), _SUBSTRING),
    **dict.fromkeys("split split_part explode tokenize split_string".split(), _SPLIT),
    **dict.fromkeys("sub gsub regexp_replace regex_replace translate".split(), _REPLACE),
    **dict.fromkeys("search find_all findall regexp_extract regex_find regexp_substr".split(), _GROUP),
    **dict.fromkeys("str string tostring to_string text repr char".split(), _TO_TEXT),
    **dict.fromkeys(
        "int float num number to_number tonumber atoi parse_int cast integer".split(), _TO_NUMBER
    ),
    **dict.fromkeys("normalize normalise unicode_normalize nfd nfkd".split(), _NORMAL),
    **dict.fromkeys("index indexof index_of find strpos position instr locate".split(), _WHERE),
    **dict.fromkeys("len size strlen str_len string_length cardinality".split(), _LENGTH),
    **dict.fromkeys("abs floor ceil round sqrt pow".split(), _NUMBERS),
    **dict.fromkeys("avg average mean".split(), _COUNTS),
    **dict.fromkeys("dayofweek day_of_week dow isoweekday week_day dayname day_name".split(), _DAY),
    **dict.fromkeys("extract date_part datepart clock strftime strptime second seconds".split(), _CLOCK),
    **dict.fromkeys("hours minutes toTime time_of_day".split(), _CLOCK),
    **dict.fromkeys("toDate parse_date date_trunc to_day".split(), _DATE),
    **dict.fromkeys("time datetime timestamp to_timestamp parse_time parse_datetime".split(), _TIME),
    **dict.fromkeys("to_datetime parse_ns parse_rfc3339_ns fromisoformat".split(), _TIME),
    **dict.fromkeys("duration interval timedelta parse_duration parse_duration_ns".split(), _DURATION),
    **dict.fromkeys("now now_ns getdate current_timestamp utcnow today".split(), _NOW),
}
"""Functions of other languages, and the help line for each."""

RELATIONS: Final = {
    **dict.fromkeys("regex match re_match regexp glob like rlike regex_match".split(), _MATCHES),
    **dict.fromkeys(
        "startswith endswith has_prefix has_suffix prefix suffix includes include".split(), _PARTS
    ),
    **dict.fromkeys("member in_list memberchk element".split(), SETS),
    "true": "leave it out: a clause without a body always holds",
    "false": "leave the clause out: it would never hold",
    "fail": "leave the clause out: it would never hold",
}
"""Relations that other languages have built in, and the help line for each."""

TYPES: Final = {
    **dict.fromkeys("string str text char varchar".split(), "symbol"),
    **dict.fromkeys("integer number unsigned long".split(), "int"),
    **dict.fromkeys("double real decimal".split(), "float"),
    "boolean": "bool",
    **dict.fromkeys("timestamp datetime instant date_time".split(), "time"),
    **dict.fromkeys("interval timedelta period".split(), "duration"),
    **dict.fromkeys("unknown value object_t list dict json array".split(), "any"),
}
"""Names of types in other languages, and the built-in type to write instead."""

DIRECTIVES: Final = {
    ".input": "what the host fills is declared `.decl p(x: symbol) input`",
    ".output": _QUERY,
    ".rule": "a rule begins with its head, such as `forbid ACTION :- body.`",
    ".rules": "a rule begins with its head, such as `forbid ACTION :- body.`",
    ".import": USE,
    ".include": USE,
    ".require": USE,
    ".module": USE,
    ".package": USE,
    ".enum": "a type lists its values: `.type level <: symbol {low, high}`",
    **dict.fromkeys(
        ".let .define .var .set .constant".split(), "write `.const name = value`, and `$name` in clauses"
    ),
    **dict.fromkeys(
        ".parameter .params .option .arg .setting".split(),
        "write `.param name: type = default`, and `$name` in clauses",
    ),
}
"""Declarations that other languages have."""

SIGNS: Final = frozenset("".join(sign for sign in FOREIGN if not sign.isalpha()))
LONGEST: Final = max(map(len, FOREIGN))
