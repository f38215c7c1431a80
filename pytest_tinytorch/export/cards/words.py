"""A card in words: Markdown for a README, and plain text for a profile."""

from __future__ import annotations

from pytest_tinytorch.export.cards.card import Card
from pytest_tinytorch.export.markdown import code, plain
from pytest_tinytorch.terminal.layout import capitalized


def profile_text(card: Card) -> str:
    """A few lines, with the learner's own numbers."""
    numbers = ", ".join(f"{one.name} {one.shown}" for one in card.measures)
    first, *others = (sentence.rstrip(".") for sentence in card.sentences)
    told = f" ({numbers})" if numbers else ""
    return (
        "\n".join([f"{first}{told}.", *(f"{sentence}." for sentence in others)])
        + f"\n{card.headline}, {card.title}: {card.place}. {capitalized(card.origin)}."
    )


def readme_markdown(card: Card) -> str:
    """Markdown for a README: the card as a picture in the reader's theme, and as text."""
    alt = plain(f"{card.headline}, {card.title}: {card.sentences[0]}").replace('"', "&quot;")
    picture = (
        "<picture>\n"
        f'  <source media="(prefers-color-scheme: dark)" srcset="{card.slug}-dark.svg">\n'
        f'  <img alt="{alt}" src="{card.slug}-light.svg" width="600">\n'
        "</picture>"
    )
    rows = [
        f"| {plain(one.name)} | {plain(one.shown)} | {plain(one.asked)} |" for one in card.measures
    ]
    table = ["| measured | mine | required |\n|---|---|---|\n" + "\n".join(rows)] if rows else []
    origin, proof = capitalized(card.origin), capitalized(card.proof)
    digests = f" Digests: {plain(card.digests)}." if card.digests else ""
    parts = [
        picture,
        f"**{plain(card.headline)} · {plain(card.title)}** ({plain(card.place)})",
        "\n".join(f"- {plain(sentence)}" for sentence in card.sentences),
        *table,
        f"{plain(origin)}. {plain(proof)}.{digests} Check it again: `{code(card.command)}`",
    ]
    return "\n\n".join(parts) + "\n"
