"""The household's 46 rules: derived relations (one recursive, two that count), weights, layers, negation."""

DECLARATIONS = """
.type thing <: symbol
.type object <: thing
.type receptacle <: thing
.type room <: thing
.type kind <: symbol
.type task <: symbol

.decl is_room(r: room)
.decl is_receptacle(c: receptacle)
.decl kind_of(o: object, k: kind)
.decl in(x: thing, y: thing)
.decl agent_at(c: receptacle)
.decl holding(o: object)
.decl openable(c: receptacle)
.decl opened(c: receptacle)
.decl locked(c: receptacle)
.decl capacity(c: receptacle, n: int)
.decl heats(c: receptacle)
.decl cools(c: receptacle)
.decl washes(c: receptacle)
.decl lamp(c: receptacle)
.decl lit(c: receptacle)
.decl daylight(r: room)
.decl connected(a: room, b: room)
.decl hot(o: object)
.decl cold(o: object)
.decl clean(o: object)
.decl fragile(o: object)
.decl heavy(o: object)
.decl sharp(o: object)
.decl edible(k: kind)
.decl metal(k: kind)
.decl needed(o: object)
.decl usually_in(k: kind, c: receptacle)
.decl suspect(c: receptacle)
.decl task(t: task)

.decl inside(x: thing, y: thing)
.decl in_room(x: thing, r: room)
.decl agent_room(r: room)
.decl near(r: room)
.decl closed(c: receptacle)
.decl hidden(x: thing)
.decl bright(r: room)
.decl dark(r: room)
.decl visible(x: thing)
.decl reachable(x: thing)
.decl crowded(c: receptacle)
.decl hands_full()
.decl food(o: object)
.decl dirty_food(o: object)
.decl spoiled(o: object)
.decl risky(o: object)
.decl unsure(c: receptacle)

.action go_to(c: receptacle)
.action open(c: receptacle)
.action close(c: receptacle)
.action take(o: object, c: receptacle)
.action put(o: object, c: receptacle)
.action heat(o: object, c: receptacle)
.action cool(o: object, c: receptacle)
.action wash(o: object, c: receptacle)
.action use(c: receptacle)
.default forbid use
"""

RULES = """
inside(X, Y) :- in(X, Y).
inside(X, Z) :- in(X, Y), inside(Y, Z).
in_room(X, R) :- inside(X, R), is_room(R).
agent_room(R) :- agent_at(C), in_room(C, R).
near(R) :- agent_room(R).
near(B) :- agent_room(A), connected(A, B).
closed(C) :- openable(C), not opened(C).
hidden(X) :- inside(X, C), closed(C).
bright(R) :- daylight(R).
bright(R) :- lamp(L), lit(L), in_room(L, R).
dark(R) :- is_room(R), not bright(R).
visible(X) :- in_room(X, R), agent_room(R), not dark(R), not hidden(X).
reachable(X) :- agent_at(C), inside(X, C), visible(X).
reachable(O) :- holding(O).
crowded(C) :- capacity(C, M), N = count : { in(_, C) }, N >= M.
hands_full() :- N = count : { holding(_) }, N >= 2.
food(O) :- kind_of(O, K), edible(K).
dirty_food(O) :- food(O), not clean(O).
0.95 :: spoiled(O) :- food(O), hot(O), inside(O, C), cools(C).
0.92 :: risky(O) :- fragile(O), sharp(O).
0.60 :: risky(O) :- heavy(O), hands_full().
0.80 :: unsure(C) :- suspect(C), not opened(C).

@id(too_far) forbid go_to(C) :- in_room(C, R), not near(R).
@id(dark_room) 0.95 :: forbid go_to(C) :- in_room(C, R), dark(R), not agent_room(R), not lamp(C).
0.70 :: prefer go_to(C) :- needed(O), kind_of(O, K), usually_in(K, C), not agent_at(C).

@id(not_there_open) forbid open(C) :- not agent_at(C).
@id(not_openable) forbid open(C) :- not closed(C).
@id(is_locked) forbid open(C) :- locked(C).
@id(nothing_to_close) forbid close(C) :- not opened(C).

@id(out_of_reach) forbid take(O, C) :- not reachable(O).
@id(elsewhere) forbid take(O, C) :- not in(O, C).
@id(full) forbid take(O, C) :- hands_full().
@id(careful) 0.91 :: forbid take(O, C) :- risky(O).
@overrides(full) permit take(O, C) :- needed(O), in(O, C), not heavy(O).

@id(empty_hands) forbid put(O, C) :- not holding(O).
@id(shut) forbid put(O, C) :- closed(C).
@id(no_room) forbid put(O, C) :- crowded(C).
@id(maybe) 0.75 :: forbid put(O, C) :- unsure(C), in_room(C, R), near(R).
@overrides(no_room) 0.93 :: permit put(O, C) :- kind_of(O, K), usually_in(K, C).

@id(no_oven) forbid heat(O, C) :- not heats(C).
@id(sparks) 0.97 :: forbid heat(O, C) :- kind_of(O, K), metal(K), heats(C).
@id(raw) forbid heat(O, C) :- dirty_food(O), not cold(O).
@id(no_fridge) forbid cool(O, C) :- not cools(C).
@id(rotten) 0.97 :: forbid cool(O, C) :- spoiled(O).
@id(no_sink) forbid wash(O, C) :- not washes(C).
permit use(C) :- lamp(C), agent_at(C), not lit(C).
"""
