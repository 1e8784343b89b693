"""The second engine, on pyDatalog."""
