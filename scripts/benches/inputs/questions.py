"""Nothing in, questions with passages and what their answers need out: made up, one for each set of the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

TOWNS = ("Arden", "Borley", "Castor", "Dunmore", "Elvet", "Farley", "Gorsley", "Harlow")
RIVERS = ("Teviot", "Wharfe", "Derwent", "Tamar", "Severn", "Avon", "Nene", "Swale")


@dataclass(frozen=True, slots=True)
class Question:
    """What the user asks, the passage that a tool found (empty: none), and for each part of the answer its forms."""

    name: str
    asks: str
    passage: str
    needs: tuple[tuple[str, ...], ...]

    def held(self, text: str) -> bool:
        """-> whether a text holds one form of every part."""
        return all(any(form in text for form in forms) for forms in self.needs)


def questions() -> Iterator[Question]:
    """-> a few of each kind."""
    articles = "\n\n".join(map(_article, TOWNS, RIVERS))
    for town, river in zip(TOWNS, RIVERS, strict=True):
        yield Question("articles", f"Which river drove the mills of {town}?", articles, ((river,),))
    yield Question("prompt", "A pump fills 3 tanks of 40 litres in an hour. How long for 600 litres?", "", ())
    offered = json.dumps([_function(town) for town in TOWNS])
    yield Question("functions", "How high is the water in Elvet?", offered, (("elvet.level",), ("station",)))


def _article(town: str, river: str) -> str:
    return (
        f"{town}\n{town} is a small town in the north with a market on every other Tuesday. "
        f"Its mills were driven by the river {river}, which floods in each spring. "
        f"Its church was built by masons from the coast and lost its spire in a storm. "
        f"Most people there work in the quarry or keep sheep on the hills above. "
        f"The railway came late, and the station closed again after thirty years."
    )


def _function(town: str) -> dict[str, object]:
    station = {"type": "string", "description": "The gauging station, by its number or name."}
    return {
        "name": f"{town.lower()}.level",
        "description": f"Level of the river at {town} in metres above its gauge.",
        "parameters": {"type": "object", "properties": {"station": station}, "required": ["station"]},
    }
