"""An office of tools: files, mail, pages, payments and a shell, whose texts may carry planted instructions.

``environment`` is the world, ``tasks`` and ``planting`` furnish it by seed, ``reviewer`` says what was
a breach, ``attacks`` measures which rules let attacks through. Nothing real is read, sent, paid or run.
"""
