"""The origins of the values of a proposed call: in whose words, or which result, they were first met."""

from mpr_logic.guard.origins.facts import traced
from mpr_logic.guard.origins.index import Met, Origins
from mpr_logic.guard.origins.parts import Part, parts

__all__ = ["Met", "Origins", "Part", "parts", "traced"]
