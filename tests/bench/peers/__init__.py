"""Other engines with the household's rules, and the whole of the batch problems."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True, slots=True)
class Spec:
    """A peer by name: where its class is, and what must be installed."""

    name: str
    place: str  # module:Class
    needs: str
    steps: int | None = None  # where it goes through so many of a stream's at most

    def missing(self) -> str | None:
        """The package that is not installed here; None where all are."""
        if find_spec(self.needs) is None:
            return f"the Python package {self.needs} is not installed"
        if self.needs == "pyswip" and shutil.which("swipl") is None:
            return "SWI-Prolog is not installed (Debian: apt-get install swi-prolog-nox)"
        return None


OURS = Spec("mpr_logic", "tests.bench.peers.ours:Ours", "mpr_logic")
PROVING = Spec("mpr_logic, every rejection proved", "tests.bench.peers.ours:Proving", "mpr_logic")
STEP_PEERS = (
    Spec("SWI-Prolog, tables kept", "tests.bench.peers.prolog:SwiProlog", "pyswip"),
    Spec("SWI-Prolog, tables anew", "tests.bench.peers.prolog:SwiPrologAnew", "pyswip"),
    # it must be told of all externals before it grounds: those that the first steps name
    Spec("clingo, externals kept", "tests.bench.peers.asp:ClingoKept", "clingo", steps=400),
    Spec("clingo, grounded anew", "tests.bench.peers.asp:ClingoAnew", "clingo"),
    Spec("pyDatalog, a question a kind", "tests.bench.peers.pydatalog:PyDatalog", "pyDatalog"),
    Spec("pyDatalog, a question a candidate", "tests.bench.peers.pydatalog:PyDatalogEach", "pyDatalog"),
    Spec("tiny-datalog", "tests.bench.peers.tiny:TinyDatalog", "tiny_datalog"),
)
BATCH_PEERS = (
    Spec("mpr_logic", "tests.bench.peers.whole:native", "mpr_logic"),
    Spec("DuckDB", "tests.bench.peers.whole:duck", "duckdb"),
    Spec("SWI-Prolog, tabled", "tests.bench.peers.whole:prolog", "pyswip"),
    Spec("clingo", "tests.bench.peers.whole:asp", "clingo"),
    Spec("tiny-datalog", "tests.bench.peers.whole:tiny", "tiny_datalog"),
)
