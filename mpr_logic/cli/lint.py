"""``mpr lint``: what is wrong with rules, and what is most likely not meant."""

from __future__ import annotations

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply

EXAMPLE = "mpr lint rules/kitchen"


def lint(
    rules: o.Rules = None,
    json: o.Json = False,
    no_color: o.NoColor = False,
) -> None:
    """Check rules without a state: errors, and warnings of what is most likely not meant.

    Exit status: 0 nothing found, 1 warnings, 2 errors.
    """

    def work() -> Answer:
        from mpr_logic.analysis import analyse
        from mpr_logic.analysis import lint as warnings
        from mpr_logic.checking.loading import load_modules

        modules = load_modules(rules or [])
        found = warnings(modules, analyse(modules))
        content = {"diagnostics": [each.to_json() for each in found]}
        text = "\n\n".join(each.render() for each in found) or "nothing found"
        return Answer(NO if found else YES, text, content)

    reply("lint", work, json=json, no_color=no_color)
