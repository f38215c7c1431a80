"""What the message of an error has to mention: numbers in any notation, and words as they are."""

import re

NUMBER = re.compile(
    r"""
    (?:(?<![\w)\]])[-+\N{MINUS SIGN}])?    # a sign, but no dash: in 0-9 there is no -9
    (?: (?:\d+(?:\.\d+)?|(?<![\w.])\.\d+)(?:e[-+]?\d+)?
      | \b(?:nan|inf(?:inity)?)\b )
    """,
    re.VERBOSE | re.IGNORECASE,
)


def missing(naming: str, said: str) -> list[str]:
    """What of ``naming`` a message does not mention, in the order of ``naming``.

    Numbers and shapes are there if each number is, in whatever order and notation. Any other word
    is looked for as a whole one, in upper or lower case.

    >>> missing("lengths 10 (2, 3)", "3 x 2 is no 10")
    ['lengths']
    >>> missing("p -1 (2, 3)", "p is np.int64(1)")
    ['-1', '2', '3']
    """
    there = numbers(said)
    found: dict[str, bool] = {}
    for word in naming.split():
        if is_numeric(word):
            found |= {text: value in there for text, value in numbers_by_text(word).items()}
        else:
            found[word] = bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said, re.IGNORECASE))
    return [text for text, is_there in found.items() if not is_there]


def is_numeric(word: str) -> bool:
    """Whether a word is a number or part of a shape: ``4``, ``(2,``, ``()``, ``nan``."""
    return not re.sub(r"[()\[\],]", "", NUMBER.sub("", word))


def numbers(text: str) -> set[str]:
    """All numbers of a text, each in one notation."""
    return set(numbers_by_text(text).values())


def numbers_by_text(text: str) -> dict[str, str]:
    """The numbers of a text as they stand there, with the one notation of each: NaN equals NaN."""
    found = NUMBER.findall(text)
    return {word: repr(float(word.replace("\N{MINUS SIGN}", "-"))) for word in found}
