"""A small kitchen to try rules in: ``python -m mpr_logic.envs.kitchen``."""

from __future__ import annotations


def main() -> None:
    """Print a walk through the kitchen."""
    print("A small kitchen.")


if __name__ == "__main__":
    main()
