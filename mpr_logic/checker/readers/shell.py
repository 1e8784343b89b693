"""The programs that a shell command runs and the files that it writes, by tree-sitter's grammar of bash.

Quotes, escapes and braces are undone. Pipelines, lists, subshells, substitutions, functions and programs
that run others (``env``, ``xargs``, ``find -exec``, ``bash -c``) are read through. What cannot be known is
*opaque*: the name of a program that a variable or a pattern makes, a script, ``eval`` of what is computed, a
text that does not parse. Nothing is run or looked up, and nothing is guessed to be harmless.
"""

from __future__ import annotations

import codecs
import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mpr_logic.checker.readers.wrappers import (
    RESERVED,
    SHELLS,
    TELLS,
    UNREAD,
    VALUED_OF_SHELLS,
    WRAPPERS,
    WRITERS,
)
from mpr_logic.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 10_000
"""The most characters of a command that is read; a longer one is opaque."""

DEEPEST = 60
"""The most levels of constructs inside each other; texts inside texts, as of ``bash -c``, count tenfold."""

_BRACES = re.compile(
    r"([^\s;|&()<>'\"`$\\{}]*)\{([^\s{}'\"`$\\;|&()<>]*,[^\s{}'\"`$\\;|&()<>]*)\}([^\s;|&()<>'\"`$\\{}]*)"
)
_SPECIAL = re.compile(r"[$`|&;<>()\n]")
_PATTERN = re.compile(r"[*?\[]")
_FILES = frozenset({">", ">>", ">|", "&>", "&>>", ">&", "<>"})


@dataclass(frozen=True, slots=True)
class Command:
    """The result of reading a command.

    ``invocations`` are the programs that it runs, each with the words behind it, None for one that is not
    known, such as a pattern. ``writes`` are the files that redirections and ``tee`` write. ``opaque`` says
    what cannot be known; None where all is.
    """

    invocations: tuple[tuple[str | None, ...], ...]
    writes: tuple[str, ...]
    opaque: str | None

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs by their names; one that is given by its path stands there with the path too."""
        found: dict[str, None] = {}
        for name, *_ in self.invocations:
            if name:
                found[name] = None
                found[base_of(name)] = None
        return tuple(found)

    @property
    def words(self) -> list[tuple[str, str]]:
        """The known words behind each program, and how an option may be said otherwise: the letters of
        ``-rf``, and what stands before the ``=`` of a long one."""
        found: dict[tuple[str, str], None] = {}
        for name, *words in self.invocations:
            for program in (name, base_of(name)) if name else ():
                for word in words:
                    for each in said_otherwise(word) if word is not None else ():
                        found[program, each] = None
        return list(found)

    @property
    def unsure(self) -> list[str]:
        """The programs with a word behind them that is not known."""
        found = [name for name, *words in self.invocations if name and None in words]
        return list(dict.fromkeys([*found, *map(base_of, found)]))


def said_otherwise(word: str) -> list[str]:
    """A word, and if it is an option the letters of which it consists, or its name without its value."""
    if re.fullmatch(r"-[A-Za-z]{2,}", word):
        return [word, *(f"-{letter}" for letter in word[1:])]
    if word.startswith("--") and "=" in word:
        return [word, word.partition("=")[0]]
    return [word]


def base_of(program: str) -> str:
    """A program's name without its path."""
    return program.rstrip("/").rpartition("/")[2] or program


@dataclass(frozen=True, slots=True)
class Word:
    """A word after its quotes, escapes and braces; None where that is not known. ``pattern``: it is one.
    ``pipe``: it is a pipe to or from a program that is read by itself, as in ``tee >(wc -l)``."""

    value: str | None
    pattern: bool = False
    pipe: bool = False


UNKNOWN = Word(None)


@functools.lru_cache(maxsize=1024)
def read_command(text: str) -> Command:
    """Read a command; any text has an answer.

    Raises:
        EvaluationError: the grammar is not installed.
    """
    reader = _ShellReader()
    reader.text(text, 0)
    return Command(
        tuple(dict.fromkeys(reader.invocations)),
        tuple(dict.fromkeys(reader.writes)),
        reader.opaque[0] if reader.opaque else None,
    )


@functools.cache
def _parser() -> Any:
    try:
        import tree_sitter
        import tree_sitter_bash
    except ImportError:
        raise EvaluationError(
            "rules ask what a shell command runs, and its reader is missing: pip install 'mpr-logic[shell]'"
        ) from None
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


@dataclass(slots=True)
class _ShellReader:
    """Gathers what is found on the walk through the trees of a text."""

    invocations: list[tuple[str | None, ...]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)
    budget: int = 20_000  # nodes to look at, in all texts together

    def text(self, text: str, depth: int) -> None:
        """Read a text."""
        parser = _parser()
        if len(text) > LONGEST or depth > DEEPEST:
            self.opaque.append("it is too long, or nested too deeply")
            return
        if not all(c.isprintable() or c in "\n\t" for c in text):
            self.opaque.append("it has a character that does not print")
            return
        joined = text.replace("\\\n", "")
        for each in dict.fromkeys((text, joined)):
            tree = parser.parse(each.encode()).root_node
            if tree.has_error:
                plain = _without_braces(each)
                again = parser.parse(plain.encode()).root_node
                if plain == each or again.has_error:
                    self.opaque.append("it cannot be read as a command")
                tree = again
            self.walk(tree, depth)

    # -- the tree ------------------------------------------------------------------------------

    def walk(self, node: Any, depth: int) -> None:
        """Read a node and all below it."""
        self.budget -= 1
        if depth > DEEPEST or self.budget < 0:
            self.opaque.append("it is too long, or nested too deeply")
            return
        match node.type:
            case "command":
                self.command(node, [], depth)
            case "redirected_statement":
                self.redirected(node, depth)
            case "file_redirect":
                self.redirect(node, depth)
            case "declaration_command" | "unset_command":
                self.invocations.append((_text(node.children[0]),))
                self.inside(node, depth)
            case "test_command":
                self.invocations.append(("[",))
                self.inside(node, depth)
            case _:
                self.inside(node, depth)

    def inside(self, node: Any, depth: int) -> None:
        """Read what stands below a node: what a word substitutes is run too."""
        if node.type == "word" and "`" in _text(node):
            self.opaque.append("a substitution in it cannot be read")
        for child in node.children:
            self.walk(child, depth + 1)

    def command(self, node: Any, more: list[Word], depth: int) -> None:
        """A simple command; ``more`` are words that stand behind its redirections."""
        words: list[Word] = []
        end = node.start_byte
        for child in node.children:
            between = node.text[end - node.start_byte : child.start_byte - node.start_byte]
            if between.replace(b"\\\n", b"").strip(b" \t"):
                self.opaque.append("what stands between its words cannot be read")
            end = child.end_byte
            if child.type == "file_redirect":
                more = [*more, *self.redirect(child, depth + 1)]
                continue
            self.inside(child, depth + 1)
            if child.type == "command_name":
                for part in child.children:
                    words += self.words(part)
            elif child.is_named and child.type not in ("variable_assignment", "herestring_redirect"):
                words += self.words(child)
        self.run([*words, *more], depth + 1)

    def redirected(self, node: Any, depth: int) -> None:
        """A statement with redirections."""
        body = node.child_by_field_name("body")
        more: list[Word] = []
        for child in node.children:
            if child.type == "file_redirect":
                more += self.redirect(child, depth + 1)
            elif child.type == "heredoc_redirect":
                for part in child.children:
                    if part.type in _WORDS:
                        self.inside(part, depth + 1)
                        more += self.words(part)
                    elif part.type == "file_redirect":
                        more += self.redirect(part, depth + 1)
                    else:
                        self.walk(part, depth + 1)
            elif child != body:
                self.walk(child, depth + 1)
        if body is not None and body.type == "command":
            self.command(body, more, depth + 1)
            return
        if more:
            self.opaque.append("words stand behind the redirection of what is no simple command")
        if body is not None:
            self.walk(body, depth + 1)

    def redirect(self, node: Any, depth: int) -> list[Word]:
        """Note the file that a redirection writes; the words behind it, which belong to the command."""
        operator = next((c.type for c in node.children if c.type in (*_FILES, "<", "<&")), "")
        words: list[Word] = []
        for child in node.children:
            if child.is_named and child.type != "file_descriptor":
                self.inside(child, depth + 1)
                words += self.words(child)
        first, rest = (words[0], words[1:]) if words else (UNKNOWN, [])
        doubled = operator == ">&" and first.value is not None and re.fullmatch(r"\d+-?|-", first.value)
        if operator in _FILES and not doubled:
            self.written(first)
        return rest

    def written(self, word: Word) -> None:
        """A file is written."""
        if word.pipe:
            return  # no file
        if word.value is None or word.pattern:
            self.opaque.append("a file that it writes is not known")
        else:
            self.writes.append(word.value)

    # -- words ---------------------------------------------------------------------------------

    def words(self, node: Any) -> list[Word]:
        """The words that a word of the text expands to; more than one where it has braces."""
        text = _text(node)
        if node.type in ("word", "concatenation") and "{" in text:
            plain = all(c.type == "word" for c in node.children) and not re.search(r"[\\'\"$`]", text)
            if plain and "," in text:
                return [Word(each, bool(_PATTERN.search(each))) for each in _without_braces(text).split()]
            if not plain or ".." in text:
                return [UNKNOWN]
        return [self.word(node)]

    def word(self, node: Any) -> Word:
        """The value of a word."""
        text = _text(node)
        match node.type:
            case "word" | "number":
                bare = re.sub(r"\\.", "", text, flags=re.DOTALL)
                if _SPECIAL.search(bare) or "'" in bare or '"' in bare:
                    self.opaque.append("a word in it cannot be read")
                    return UNKNOWN
                return Word(re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL), bool(_PATTERN.search(bare)))
            case "raw_string":
                return Word(text[1:-1])
            case "ansi_c_string":
                return _ansi(text)
            case "string":
                parts = [c for c in node.children if c.type != '"']
                if any(c.type != "string_content" for c in parts):
                    return UNKNOWN
                inner = text[1:-1]
                return Word(re.sub(r'\\([$`"\\\n])', lambda m: m[1].strip("\n"), inner))
            case "concatenation":
                found = [self.word(c) for c in node.children if c.type != "$"]
                if any(each.value is None for each in found):
                    return UNKNOWN
                return Word("".join(str(each.value) for each in found), any(e.pattern for e in found))
            case "process_substitution":
                return Word(None, pipe=True)
        return UNKNOWN

    # -- programs ------------------------------------------------------------------------------

    def run(self, words: list[Word], depth: int) -> None:
        """A program is run with some words."""
        if not words:
            return
        if depth > DEEPEST:
            self.opaque.append("it is nested too deeply")
            return
        name = words[0].value
        if name is None or words[0].pattern:
            self.opaque.append("the name of a program that it runs is not known")
            return
        if name in RESERVED:
            # the grammar took a word of the shell for a program: what stands behind it may be one
            if name != "!":
                self.opaque.append(f"`{name}` stands where a program is expected")
            self.run(words[1:], depth + 1)
            return
        self.invocations.append(tuple(None if word.pattern else word.value for word in words))
        base, args = base_of(name), words[1:]
        if base in SHELLS:
            self.shell(args, depth)
        elif base == "eval":
            self.evaluated(args, depth)
        elif base == "trap":
            if args and args[0].value not in ("-", "-l", "-p"):
                self.evaluated(args[:1], depth)
        elif base in UNREAD:
            if args or base not in ("alias", "hash", "enable"):
                self.opaque.append(f"what `{base}` does is not read")
        elif base in WRAPPERS:
            self.wrapped(base, args, depth)
        elif base == "find":
            self.found(args, depth)
        elif base in WRITERS:
            for word in args:
                if word.value is None or not word.value.startswith("-") or word.value == "-":
                    self.written(word)

    def shell(self, args: list[Word], depth: int) -> None:
        """A shell runs the text behind ``-c``; a script, or what it is sent, is not read."""
        told = False
        while args:
            value = args[0].value
            if value is None or (value[:1] not in ("-", "+") and not told):
                break
            if told and value[:1] not in ("-", "+"):
                self.evaluated(args[:1], depth)
                return
            if value in ("--version", "--help"):
                return
            if value.startswith("-") and not value.startswith("--") and "c" in value:
                told = True
            args = args[2 if value in VALUED_OF_SHELLS else 1 :]
            if value.startswith(("--rcfile", "--init-file")):
                self.opaque.append("a shell reads a file first")
        self.opaque.append("a shell runs what it reads")

    def evaluated(self, args: list[Word], depth: int) -> None:
        """Words are run as a text."""
        if any(word.value is None or word.pattern for word in args):
            self.opaque.append("a text that it runs is computed")
        else:
            self.text(" ".join(str(word.value) for word in args), depth + 10)

    def wrapped(self, name: str, args: list[Word], depth: int) -> None:
        """A program that runs another one."""
        wrapper = WRAPPERS[name]
        replaced: str | None = None
        while args and args[0].value is not None and args[0].value.startswith("-"):
            option, args = args[0].value, args[1:]
            if option == "--":
                break
            if option in TELLS.get(name, ()):
                return
            if name == "env" and option.startswith(("-S", "--split-string")):
                inline = option.removeprefix("-S").removeprefix("--split-string").removeprefix("=")
                text = [Word(inline)] if inline else args[:1]
                self.evaluated([*text, *(args if inline else args[1:])], depth)
                return
            if name == "flock" and option in ("-c", "--command"):
                self.evaluated(args[:1], depth)
                return
            if name == "xargs" and option.startswith(("-I", "--replace", "-i")):
                replaced = option.removeprefix("-I") or (args[0].value if args else None) or "{}"
            if option in wrapper.valued:
                args = args[1:]
            elif not _known(option, wrapper.valued, wrapper.flags):
                self.opaque.append(f"an option of `{name}` is not known")
        args = args[wrapper.skips :]
        while wrapper.sets and args and args[0].value is not None and re.match(r"\w+=", args[0].value):
            args = args[1:]
        if name == "xargs" and args:
            if replaced is None:
                args = [*args, UNKNOWN]
            else:
                args = [UNKNOWN if w.value is None or replaced in w.value else w for w in args]
        self.run(args, depth + 1)

    def found(self, args: list[Word], depth: int) -> None:
        """``find`` runs what stands behind ``-exec``, up to ``;`` or ``+``."""
        while args:
            option, args = args[0].value, args[1:]
            if option in ("-fprint", "-fprint0", "-fprintf", "-fls"):
                self.written(args[0] if args else UNKNOWN)
            if option not in ("-exec", "-execdir", "-ok", "-okdir"):
                continue
            end = next((i for i, w in enumerate(args) if w.value in (";", "+")), len(args))
            inner = [UNKNOWN if w.value is not None and "{}" in w.value else w for w in args[:end]]
            self.run(inner, depth + 1)
            args = args[end + 1 :]


_WORDS = frozenset({"word", "string", "raw_string", "ansi_c_string", "concatenation", "number"})


def _known(option: str, valued: Iterable[str], flags: Iterable[str]) -> bool:
    """Whether an option, or each letter of a short one, is known; a value may stand in it."""
    if option in flags or option.partition("=")[0] in valued:
        return True
    if option.startswith("--"):
        return option.partition("=")[0] in flags
    for i, letter in enumerate(option[1:], 1):
        if f"-{letter}" in valued:
            return bool(option[i + 1 :])  # the rest is its value
        if f"-{letter}" not in flags:
            return option[1:].isdigit()
    return True


def _text(node: Any) -> str:
    return str(node.text.decode())


def _ansi(text: str) -> Word:
    """The text of a word in ``$'..'``."""
    try:
        value = codecs.decode(text[2:-1].encode("ascii"), "unicode_escape")
    except (UnicodeError, ValueError):
        return UNKNOWN
    return Word(value) if value.isprintable() else UNKNOWN


def _without_braces(text: str) -> str:
    """A text with its simple braces written out: ``a{b,c}`` is ``ab ac``."""

    def written_out(found: re.Match[str]) -> str:
        before, inner, behind = found.groups()
        return " ".join(f"{before}{each}{behind}" for each in inner.split(","))

    for _ in range(8):
        text, count = _BRACES.subn(written_out, text)
        if not count or len(text) > LONGEST:
            break
    return text
