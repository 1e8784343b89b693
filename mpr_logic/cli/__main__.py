"""``python -m mpr_logic.cli``: the same as ``mpr``."""

from mpr_logic.cli.main import main

if __name__ == "__main__":
    main()
