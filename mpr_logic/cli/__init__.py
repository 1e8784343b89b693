"""The command line ``mpr``: one verb, one module."""
