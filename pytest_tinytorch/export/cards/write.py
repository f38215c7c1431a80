"""The files of cards, each as its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_tinytorch.export.cards.card import Card
from pytest_tinytorch.export.cards.png import NoPng, card_png
from pytest_tinytorch.export.cards.shapes import THEMES
from pytest_tinytorch.export.cards.svg import card_svg
from pytest_tinytorch.export.cards.words import profile_text, readme_markdown


def card_files(folder: Path, cards: Sequence[Card]) -> tuple[dict[Path, bytes], str]:
    """All files of some cards with their contents; and if there is no PNG among them, the reason."""
    files: dict[Path, bytes] = {}
    for card in cards:
        texts = {f"{card.slug}-{theme}.svg": card_svg(card, theme) for theme in THEMES}
        texts |= {f"{card.slug}.md": readme_markdown(card)}
        texts |= {f"{card.slug}.txt": profile_text(card) + "\n"}
        files |= {folder / name: text.encode("utf-8") for name, text in texts.items()}
    try:
        pictures = {
            folder / f"{card.slug}-{theme}.png": card_png(card, theme)
            for card in cards
            for theme in THEMES
        }
    except NoPng as error:
        return files, str(error)
    return files | pictures, ""
