"""Texts of ground atoms over one program's declarations, read without the parser.

Proposed actions and changed facts come by the thousand, in ever new combinations of the same names.
A name that was seen to be plain need not be looked at again.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from mpr_logic.analysis.atoms import coerce_row
from mpr_logic.language.fast_atoms import plain_atom

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.analysis.program import Signature
    from mpr_logic.checker.action import Action
    from mpr_logic.language.ast import Row

NAMES = 100_000
"""So many names are remembered; then the memory begins anew."""


SMALL = 2**63
"""Larger ints are for the parser."""


class PlainAtoms:
    """Reads ``put(apple_1, fridge_1)``: a declared name, with plain names and small integers. Readers of
    one program may share the ``names`` that were seen to be plain, each with the one text object that
    stands for it: actions speak of what facts speak of, and finding the same object is fast."""

    def __init__(self, signatures: Mapping[str, Signature], names: dict[str, str] | None = None) -> None:
        self._signatures = signatures
        symbols = {name: s for name, s in signatures.items() if s.arity and set(s.bases) == {"symbol"}}
        self._arities = {name: s.arity for name, s in symbols.items()}
        self._names: dict[str, str] = {} if names is None else names
        self._known = self._names.__getitem__

    def fork(self, names: dict[str, str]) -> PlainAtoms:
        """The same over other names."""
        other = copy(self)
        other._names, other._known = names, names.__getitem__
        return other

    def typed(self, action: Action) -> tuple[str, Row] | None:
        """The same for an action whose values are just what its declaration says; None for any other."""
        name, args, named, *types = action.key
        signature = self._signatures.get(name)
        if signature is None or named or tuple(types) != signature.kinds:
            return None
        for value in args:  # nothing that the parser would see to
            if not (value.isascii() if isinstance(value, str) else -SMALL < value < SMALL):
                return None
        return name, args

    def read(self, text: str) -> tuple[str, Row] | None:
        """The declared name and the typed arguments; None where the text is for the parser.

        Raises:
            StateError: the arguments do not fit the declaration.
        """
        name, _, between = text.partition("(")
        arity = self._arities.get(name)
        if arity is not None and between[-1:] == ")":
            try:
                known = tuple(map(self._known, between[:-1].split(", ")))
                if len(known) == arity:
                    return name, known
            except KeyError:
                pass  # a name that was not seen yet
        found = plain_atom(text)
        signature = self._signatures.get(found[0]) if found else None
        if found is None or signature is None:
            return None
        row = coerce_row(signature, found[1])
        if found[0] in self._arities:
            if len(self._names) > NAMES:
                self._names.clear()
            row = tuple([self._names.setdefault(w, w) for w in row if isinstance(w, str)])  # all are
        return found[0], row
