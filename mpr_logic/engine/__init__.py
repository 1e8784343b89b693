"""Facts in, derived facts out: the native engine, and a second one on pyDatalog."""
