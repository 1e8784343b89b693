"""Hints for authors: from a syntax error to a diagnostic that says what was probably meant.

``explain`` is the way in, ``guesses`` recognises one mistake after the other, ``context`` is what they look
at, ``foreign`` lists the words and signs of other languages.
"""
