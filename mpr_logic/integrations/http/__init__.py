"""The guard over HTTP."""
