"""The bodies and heads of generated rules; see :mod:`tests.helpers.programs`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.helpers.programs import Writer

NAMES = {"node": "N", "symbol": "S", "int": "I", "float": "F", "any": "Z", "time": "T", "duration": "D"}
WINDOWS = ("within", "during")
TESTS = ("contains", "starts_with", "ends_with")


@dataclass
class Relation:
    """A declared relation or action: ``layer`` orders what may read what, ``given`` is how many of its
    leading arguments a question binds."""

    name: str
    types: tuple[str, ...]
    layer: int
    open_world: bool = False
    given: int = 0


class Body:
    """Draws one rule: a body first, then a head from what it binds."""

    def __init__(self, writer: Writer, head: Relation, *, recursive: bool) -> None:
        self.w, self.head = writer, head
        self.bound: dict[str, list[str]] = {t: [] for t in NAMES}
        self.items: list[str] = []
        self.holes: list[str] = []
        self.tested: set[str] = set()  # of any type, and asked for it: sets would say something else
        self.groups: set[str] = set()  # stand in braces, and have a value outside
        self.inside: set[str] = set()  # stand in braces alone: another literal would make groups of them
        self.action = head in writer.spoken
        self.layer = head.layer
        self.recursive = recursive
        self.fresh = 0

    @property
    def on(self) -> frozenset[str]:
        return self.w.on

    def text(self, name: str, effect: tuple[str, Relation] | None = None) -> str:
        """The rule; several where the feature ``family`` is on."""
        w = self.w
        given = self.given(len(self.head.types) if self.action else self.head.given)
        seen: list[str] = []
        for _ in range(w.draw(st.integers(0 if self.action or self.head.given else 1, 3))):
            self.positive(seen)
        if "history" in self.on and w.actions and w.chance(6):
            self.history()
        if "assign" in self.on and w.chance(7):
            self.assign()
        if "text" in self.on and w.chance(5):
            self.text_function()
        if "any" in self.on and w.chance(5):
            self.type_test()
        if "aggregate" in self.on and w.chance(5):
            self.aggregate()
        if "negation" in self.on and w.chance(7):
            self.negative()
        if "comparison" in self.on and w.chance(4):
            self.compare()
        if "text" in self.on and w.chance(5):
            self.text_test()
        if "time" in self.on and w.chance(9):
            self.moment()
        if "time" in self.on and w.chance(3):
            self.calendar()
        if "set" in self.on and w.chance(5):
            self.member()
        if "alternative" in self.on and w.chance(4):
            self.alternative()
        args = given + [self.head_term(t) for t in self.head.types[len(given) :]]
        if not self.action and len(args) != len(set(args)):
            w.tags.add("repeated variable")
        head = name if not args else f"{name}({', '.join(args)})"
        if effect is not None:
            kind, target = effect
            head += f" {kind} {target.name}({', '.join(self.head_term(t) for t in target.types)})"
        items = w.draw(st.permutations(self.items)) if w.chance(3) else self.items
        weight = w.weight()
        prefix = "" if weight == 1.0 else f"{weight} :: "
        line = prefix + head + (" :- " + ", ".join(items) if items else "") + "."
        return "\n".join(self.family(line))

    def family(self, line: str) -> list[str]:
        """The rule with its holes filled, more than once where the feature is on."""
        copies = self.w.draw(st.integers(2, 4)) if "family" in self.on and self.holes else 1
        filled = set()
        for _ in range(copies):
            text = line
            for i, type_ in enumerate(self.holes):
                text = text.replace(f"<{i}>", self.w.constant(type_))
            filled.add(text)
        if len(filled) > 1:
            self.w.tags.add("family")
        return sorted(filled)

    def hole(self, type_: str) -> str:
        """A place for a constant."""
        self.holes.append(type_)
        return f"<{len(self.holes) - 1}>"

    def variable(self, type_: str, *, new: bool = True) -> str:
        """A variable of a type, known or new."""
        known = self.bound[type_]
        if type_ == "symbol":  # a node is a symbol too
            known = known + self.bound["node"]
        more = {f"{NAMES[type_]}{i}" for i in (1, 2) if new} - self.tested - self.inside
        name = self.w.draw(st.sampled_from(sorted({*known, *(more or {f"{NAMES[type_]}3"})})))
        if name not in known:
            self.bound[type_].append(name)
        return name

    def given(self, number: int) -> list[str]:
        """The leading arguments of a head, which the question binds."""
        args = []
        for type_ in self.head.types[:number]:
            if self.w.chance(6):
                args.append(self.variable(type_))
            else:
                args.append(self.hole(type_) if "constant" in self.on and self.w.chance(6) else "_")
        return args

    def positive(self, seen: list[str]) -> None:
        """A positive literal; sometimes of a relation that stands in the body already."""
        below = [r for r in self.w.relations if r.layer < self.layer]
        if self.recursive and "recursion" in self.on:
            below += [r for r in self.w.relations if r.layer == self.layer] * 2
        again = [r for r in below if r.name in seen]
        if again and "selfjoin" in self.on and self.w.chance(6):
            below = again
        relation = self.w.draw(st.sampled_from(below))
        if relation.name in seen:
            self.w.tags.add("self-join")
        if relation.layer == self.layer:
            self.w.tags.add("recursion")
        seen.append(relation.name)
        args = self.asked(relation)
        for type_ in relation.types[len(args) :]:
            same = [a for a, t in zip(args, relation.types, strict=False) if t == type_ and a[0].isupper()]
            if same and "repeat" in self.on and self.w.chance(5):
                args.append(same[0])
                self.w.tags.add("repeated variable")
            elif "constant" in self.on and self.w.chance(2):
                args.append(self.hole(type_))
            elif self.w.chance(1):
                args.append("_")
            elif type_ == "int" and self.bound["int"] and "assign" in self.on and self.w.chance(2):
                args.append(f"{self.bound['int'][0]} + 1")  # computed in an argument
                self.w.tags.add("assignment")
            else:
                name = self.variable(type_)
                if name in args and "repeat" not in self.on:
                    args.append("_")
                    continue
                if name in args:
                    self.w.tags.add("repeated variable")
                args.append(name)
        self.items.append(atom(relation.name, args))

    def asked(self, relation: Relation, inside: dict[str, list[str]] | None = None) -> list[str]:
        """Values for the columns that a question must bind; ``inside`` are variables of the braces around."""
        args = []
        for type_ in relation.types[: relation.given]:
            wider = {"symbol": ["node"], "float": ["int"], "any": ["node", "int"]}.get(type_, [])
            names = [n for t in (type_, *wider) for n in (*self.bound[t], *(inside or {}).get(t, ()))]
            if relation.layer == self.layer:  # what is computed could be asked for without end
                names = [n for n in names if not n.startswith(("New", "Agg", "Low", "Long"))]
            args.append(
                self.w.draw(st.sampled_from(names)) if names and self.w.chance(8) else self.hole(type_)
            )
        if args:
            self.w.tags.add("modes")
        return args

    def known(self, type_: str) -> str:
        """A bound variable, else a constant, else ``_``."""
        names = self.bound[type_] + (self.bound["node"] if type_ == "symbol" else [])
        if names and self.w.chance(8):
            return self.w.draw(st.sampled_from(names))
        return self.hole(type_) if self.w.chance(5) else "_"

    def negative(self) -> None:
        """A negated literal."""
        below = [r for r in self.w.relations if r.layer < self.layer]
        below += 2 * [r for r in below if r.open_world]  # of which there is one at most
        relation = self.w.draw(st.sampled_from(below))
        self.w.tags.add("open world" if relation.open_world else "negation")
        args = self.asked(relation)
        args += [self.known(t) for t in relation.types[len(args) :]]
        if relation.open_world and self.w.chance(4):
            self.w.tags.add("unknown")
            self.items.append("unknown " + atom(relation.name, args))
            return
        if relation.open_world:  # an absence is observed of one fact at a time
            args = [self.hole(t) if a == "_" else a for a, t in zip(args, relation.types, strict=True)]
        self.items.append("not " + atom(relation.name, args))

    def history(self) -> None:
        """A literal about what has been tried."""
        action = self.w.draw(st.sampled_from(self.w.spoken))
        tense = self.w.draw(st.sampled_from(["past", "succeeded", "failed"]))
        self.w.tags.add("history")
        if self.w.chance(4):
            self.placed()
        elif self.w.chance(5):
            args = [self.known(t) for t in action.types]
            self.items.append(f"not {tense} " + atom(action.name, args))
        else:
            self.items.append(f"{tense} " + atom(action.name, [self.variable(t) for t in action.types]))

    def tried(self, *, known: bool = False) -> str:
        """A literal of the history, its variables ``known``, or some of them new."""
        action = self.w.draw(st.sampled_from(self.w.spoken))
        tense = self.w.draw(st.sampled_from(["past", "succeeded", "failed"]))
        args = []
        for type_ in action.types:  # what is left open binds no variable
            left = self.w.chance(2)
            args.append("_" if left else self.known(type_) if known else self.variable(type_))
        return f"{tense} {atom(action.name, args)}"

    def placed(self) -> None:
        """A literal of the history that is placed in time, or denied to be there."""
        draw, denied = self.w.draw, self.w.chance(4)
        word = draw(st.sampled_from(["at", "within", "before", "after", "since", "since"]))
        if word == "at":
            place = draw(st.sampled_from([*self.bound["int"], "2"])) if denied else self.variable("int")
        elif word == "within":
            place = draw(st.sampled_from(["30s", "1m"]))
            self.w.tags |= {"time", "window", "ages"}
        else:
            place = self.tried(known=denied and word != "since")
        self.items.append(f"{'not ' * denied}{self.tried(known=denied)} {word} {place}")
        self.w.tags.add("placed")

    def assign(self) -> None:
        """A computed number, bounded on both sides."""
        type_ = "float" if self.bound["float"] and self.w.chance(5) else "int"
        if not self.bound[type_]:
            return
        old = self.w.draw(st.sampled_from(self.bound[type_]))
        other = self.w.draw(st.sampled_from([*self.bound[type_], self.constant_of(type_)]))
        # halves under + and - stay a finite grid; a product of halves would shrink for ever
        op = self.w.draw(st.sampled_from(["+", "+", "-", "*"] if type_ == "int" else ["+", "-"]))
        expression = f"{old} {op} {other}"
        if type_ == "int" and self.w.chance(3):
            expression = self.w.draw(
                st.sampled_from([f"({old} - 3) / 2", f"({old} - 3) mod 2", f"{old} mod -2", f"2 * {old} - 1"])
            )
        self.fresh += 1
        name = f"New{self.fresh}"
        sides = [name, expression]
        if self.w.chance(2):
            sides.reverse()
        self.items += [" = ".join(sides), f"{name} <= 6", f"{name} >= -4"]
        self.bound[type_].append(name)
        self.w.tags.add("assignment")

    def constant_of(self, type_: str) -> str:
        if type_ in ("time", "duration"):
            return self.w.constant(type_)
        return self.w.draw(st.sampled_from(["1", "2"] if type_ == "int" else ["0.5", "1.5"]))

    def compare(self) -> None:
        """A comparison of two known terms."""
        types = [t for t, names in self.bound.items() if names]
        if not types:
            return
        type_ = self.w.draw(st.sampled_from(types))
        left = self.w.draw(st.sampled_from(self.bound[type_]))
        right = self.w.draw(st.sampled_from([*self.bound[type_], self.hole(type_)]))
        ops = ["=", "!="] if type_ == "any" else ["=", "!=", "<", "<=", ">", ">="]
        if {left, right} & self.groups:  # what is computed from an aggregate is no group of it
            ops = ops[1:]
        self.items.append(f"{left} {self.w.draw(st.sampled_from(ops))} {right}")

    def member(self) -> None:
        """A known term in a set, or not; or a set that binds a new variable."""
        types = [t for t, names in self.bound.items() if set(names) - self.tested]
        negated = self.w.chance(4) and bool(types)
        new = sorted({*NAMES} - {"time", "any"})  # what a set alone binds has the type of its members
        type_ = self.w.draw(st.sampled_from(types if types and (negated or self.w.chance(7)) else new))
        known = [name for name in self.bound[type_] if type_ != "any" or name not in self.tested]
        name = self.w.draw(st.sampled_from(known)) if known else f"{NAMES[type_]}4"
        if not known:
            self.bound[type_].append(name)
        members = [self.hole(type_) for _ in range(self.w.draw(st.integers(1, 3)))]
        if self.w.chance(2):
            members.append(self.w.draw(st.sampled_from(["$one", "$some"])) if type_ == "int" else members[0])
        self.items.append(f"{name} {'not ' if negated else ''}in {{{', '.join(members)}}}")
        self.w.tags.add("set")

    def alternative(self) -> None:
        """Alternatives that bind nothing which is used outside of them."""
        outside, branches = self.items, []
        for _ in range(self.w.draw(st.integers(2, 3))):
            self.items = []
            bound = {t: list(names) for t, names in self.bound.items()}
            for _ in range(self.w.draw(st.integers(1, 2))):
                kinds: list[Callable[[], None]] = [self.compare, self.member, partial(self.positive, [])]
                self.w.draw(st.sampled_from(kinds))()
            self.bound = bound
            branches.append(", ".join(self.items))
        self.items = outside
        if all(branches):
            self.items.append(f"({' ; '.join(branches)})")
            self.w.tags.add("alternative")

    def text_test(self) -> None:
        """A text built-in on a symbol."""
        known = self.bound["symbol"] + self.bound["node"]
        if not known:
            return
        text = self.w.draw(st.sampled_from(known))
        name = self.w.draw(
            st.sampled_from(["contains", "starts_with", "ends_with", "matches", "lower", "length"])
        )
        self.fresh += 1
        if name == "lower":
            self.items.append(f"Low{self.fresh} = lower({text})")
            self.bound["symbol"].append(f"Low{self.fresh}")
        elif name == "length":
            self.items.append(f"length({text}) = Long{self.fresh}")
            self.bound["int"].append(f"Long{self.fresh}")
        else:
            part = (
                '"^[a-bX]"' if name == "matches" else self.w.draw(st.sampled_from([*known, '"o"', "x", "a"]))
            )
            self.items.append(f"{'not ' if self.w.chance(4) else ''}{name}({text}, {part})")
        self.w.tags.add("text")

    def moment(self) -> None:
        """A time or a duration that is computed, bounded on both sides; or a span of time."""
        if self.bound["time"] and self.w.chance(6):
            name = self.w.draw(st.sampled_from(self.bound["time"]))
            # the times are the first seconds of 1970, a thursday; in New York it was wednesday evening
            spans = ("1m)", "30s)"), ('"0-0:01 UTC")', '"wed 18:30-19:01 America/New_York")')
            word, span = self.w.draw(
                st.sampled_from([(w, s) for w, each in zip(WINDOWS, spans, strict=True) for s in each])
            )
            self.items.append(f"{'not ' if self.w.chance(3) else ''}{word}({name}, {span}")
            self.w.tags |= {"time", "window"}
            return
        times, lengths = self.bound["time"], self.bound["duration"]
        made: dict[str, list[str]] = {"time": [], "duration": []}
        made["time"] += [f"{t} {op} {d}" for t in times for op in "+-" for d in (*lengths, "30s")]
        made["duration"] += [f"{t} - {u}" for t in times for u in times]
        made["duration"] += [f"{d} + {e}" for d in lengths for e in (*lengths, "1m")]
        made["duration"] += [f"{n} * {d}" for d in lengths for n in ("2", *self.bound["int"])]
        type_ = self.w.draw(st.sampled_from(sorted(made)))
        if not made[type_]:
            return
        self.fresh += 1
        name = f"New{self.fresh}"
        low, high = ('"1970-01-01T00:00:00Z"', '"1970-01-01T00:02:00Z"') if type_ == "time" else ("-2m", "2m")
        self.items += [
            f"{name} = {self.w.draw(st.sampled_from(made[type_]))}",
            f"{name} <= {high}",
            f"{name} >= {low}",
        ]
        self.bound[type_].append(name)
        self.w.tags.add("time")

    def calendar(self) -> None:
        """A number, or the weekday, of a time in a zone; or a time of a text that may be none."""
        draw, times, texts = self.w.draw, self.bound["time"], self.bound["symbol"] + self.bound["node"]
        zone, hour = (
            draw(st.sampled_from(['"UTC"', '"America/New_York"', '"Asia/Kolkata"'])),
            '"1970-01-01T00:0"',
        )
        made = [(f"{name}({t}, {zone})", "int") for t in times for name in ("hour", "minute", "day", "month")]
        # what is set to a weekday can be compared with weekdays alone: `trim` makes any symbol of it
        made += [(f"trim(weekday({t}, {zone}))", "symbol") for t in times]
        made += [(f"trim(weekday(date({t}, {zone})))", "symbol") for t in times]
        made += [(f'to_time(concat({hour}, {t}, ":00"), {zone})', "time") for t in texts]
        made += [(f'to_time(concat({hour}, to_text({n}), ":00Z"))', "time") for n in self.bound["int"]]
        if not made:
            return
        call, type_ = draw(st.sampled_from(made))
        self.fresh += 1
        name = f"Made{self.fresh}"
        bound = {"int": "< 31", "time": '<= "1970-01-01T00:02:00Z"', "symbol": "!= wednesday"}
        self.items += [f"{name} = {call}", f"{name} {bound[type_]}"]
        if times and self.w.chance(3):
            self.items.append(
                f"weekday({times[0]}, {zone}) {draw(st.sampled_from(['!= ', 'not in {']))}wednesday"
            )
            self.items[-1] += "}" if "{" in self.items[-1] else ""
        self.bound[type_].append(name)
        self.w.tags |= {"time", "calendar"}

    def text_function(self) -> None:
        """A text function in a comparison; what makes texts longer bounds them, so that recursion ends."""
        texts = self.bound["symbol"] + self.bound["node"]
        if not texts:
            return
        draw = self.w.draw
        text, other = draw(st.sampled_from(texts)), draw(st.sampled_from([*texts, "a", '", "', '""']))
        one = draw(st.sampled_from([n for names in self.bound.values() for n in names]))
        self.fresh += 1
        name = f"Made{self.fresh}"
        change = draw(st.sampled_from(["upper", "casefold", "trim", "nfc", "nfkc", "lower"]))
        place = draw(st.sampled_from(["0", "1", "-1", "2"]))
        call, type_ = draw(
            st.sampled_from(
                [
                    (f"{change}({text})", "symbol"),
                    (f"concat({text}, {other})", "symbol"),
                    (f"replace({text}, {other}, b)", "symbol"),
                    (f"substring({text}, {place})", "symbol"),
                    (f"substring({text}, {place}, 1)", "symbol"),
                    (f"part({text}, {other}, {place})", "symbol"),
                    (f'group({text}, "([ab12])(x|(,))?", {place.lstrip("-")})', "symbol"),
                    (f"to_text({one})", "symbol"),
                    (f"to_int({text})", "int"),
                    (f"to_int(substring({text}, {place}, 1)) + 1", "int"),
                    (f"to_float({text})", "float"),
                    (f"to_float({text}) / 2", "float"),
                ]
            )
        )
        if type_ == "float" and "float" not in self.on:
            return
        if self.w.chance(3):
            known = draw(st.sampled_from([*self.bound[type_], self.hole(type_)]))
            self.items.append(f"{call} {draw(st.sampled_from(['=', '!=', '<=']))} {known}")
        else:
            self.items.append(f"{name} = {call}" if self.w.chance(7) else f"{call} = {name}")
            self.items.append(f"length({name}) < 7" if type_ == "symbol" else f"{name} < 9")
            self.bound[type_].append(name)
        self.w.tags.add("text function")

    def type_test(self) -> None:
        """A test of what a value is; what passes it may stand where only such values may."""
        if not self.bound["any"]:
            return
        name = self.w.draw(st.sampled_from(self.bound["any"]))
        kind = self.w.draw(st.sampled_from(["node", "symbol", "int", "float", "any"]))
        self.tested.add(name)
        if self.w.chance(2):
            if kind != "any":
                self.items.append(f"{name} is not {kind}")
        else:
            self.items.append(f"{name} is {kind}")
            if kind != "any":
                self.bound["any"] = [n for n in self.bound["any"] if n != name]
            if kind == "float":
                self.bound["float"].append(name)
            elif name not in self.bound[kind]:
                self.bound[kind].append(name)
        self.w.tags.add("type test")

    def aggregate(self) -> None:
        """An aggregate: its variables are bound outside, or groups that the head may use, or local."""
        relations = [r for r in self.w.relations if r.layer < self.layer]
        if "history" in self.on and self.w.spoken:
            relations = relations if self.w.chance(3) else []
            relations += [
                Relation(f"{tense} {a.name}", a.types, 0)
                for a in self.w.spoken
                for tense in ("past", "past", "past", "past", "succeeded", "succeeded", "failed", "failed")
            ]
        items, local = [], {t: list[str]() for t in NAMES}
        tested: list[tuple[str, str]] = []
        listed: set[str] = set()  # what is asked of something outside of the braces binds no group
        for _ in range(self.w.draw(st.integers(1, 2))):
            relation = self.w.draw(st.sampled_from(relations))
            args = self.asked(relation, local)
            for type_ in relation.types[len(args) :]:
                choice = self.w.draw(st.integers(0, 9))
                if choice < 4 and self.bound[type_]:
                    args.append(self.w.draw(st.sampled_from(self.bound[type_])))
                elif choice < 5:
                    args.append("_")
                elif type_ == "any" and "text" in self.on and choice < 7:
                    self.fresh += 1
                    args.append(f"Any{self.fresh}")
                    tested.append((args[-1], self.w.draw(st.sampled_from(["int", "float"]))))
                else:
                    name = f"{NAMES[type_]}{self.w.draw(st.sampled_from(['1', '2', 'l']))}"
                    args.append(name)
                    local[type_].append(name)
                    listed |= set() if relation.given else {name}
            place = ""
            if " " in relation.name and self.w.chance(3):
                place = self.w.draw(st.sampled_from([" at Il", " at 2", " within 30s"]))
                self.w.tags |= {"time", "window", "ages", "placed"} if "within" in place else {"placed"}
                local["int"] += ["Il"] if "Il" in place and "Il" not in local["int"] else []
            items.append(atom(relation.name, args) + place)
            if " " in relation.name:
                self.w.tags.add("calls")
                if self.w.chance(4):  # of the same call where it is its outcome
                    other = self.w.draw(st.sampled_from(["past", "succeeded", "failed"]))
                    items.append(f"not {other} {atom(relation.name.partition(' ')[2], args)}")
        numbers = [(n, t) for t in ("int", "float", "duration", "time") for n in local[t]] + tested
        items += [f"{name} is {type_}" for name, type_ in tested]
        if numbers and self.w.chance(2):
            name, type_ = numbers[0]
            items.append(f"{name} < {self.constant_of(type_)}")
        self.fresh += 1
        target = f"Agg{self.fresh}"
        function = self.w.draw(st.sampled_from(["count", "sum", "min", "max"])) if numbers else "count"
        type_, expression = "int", ""
        if function != "count":
            name, type_ = self.w.draw(st.sampled_from(numbers))
            if type_ == "time":
                function = "max" if function == "sum" else function
            expression = f" {name}" if type_ == "time" or self.w.chance(6) else f" {name} * 2"
        braces = f"{function}{expression} : {{ {', '.join(items)} }}"
        op = self.w.draw(st.sampled_from(["=", "=", "=", "<=", ">", "!="]))
        if self.w.chance(2):
            target = {"int": "1", "float": "1.0"}.get(type_) or self.w.constant(type_)
        elif self.w.chance(2) and self.bound[type_]:
            target = self.w.draw(st.sampled_from(self.bound[type_]))
        else:
            self.bound[type_].append(target)
            op = "="
        for kind, names in local.items():  # what the head takes of these becomes a group
            if self.w.chance(5):
                new = [n for n in names if n in listed and n not in self.bound[kind]]
                self.bound[kind] += new
                self.groups |= set(new)
            self.inside |= set(names) - set(self.bound[kind])
        self.items.append(f"{target} {op} {braces}")
        self.w.tags.add("aggregate")

    def head_term(self, type_: str) -> str:
        """An argument of the head: something bound, else a constant."""
        wider = {"symbol": self.bound["node"], "float": self.bound["int"]}
        names = self.bound[type_] + wider.get(type_, [])
        if not names or ("constant" in self.on and self.w.chance(1)):
            return self.hole(type_)
        name = self.w.draw(st.sampled_from(names))
        if type_ == "int" and "assign" in self.on and self.w.chance(2):  # computed in the head
            self.items.append(f"{name} < 5")
            self.w.tags.add("assignment")
            return f"{name} + 1"
        return name


def atom(name: str, args: list[str]) -> str:
    """An atom as text."""
    return f"{name}({', '.join(args)})" if args else name
