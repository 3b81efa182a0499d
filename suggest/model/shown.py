"""What a model is shown of a review: masked, past its disguises, whole and without its suspicious sentences."""

from __future__ import annotations

from dataclasses import dataclass

from suggest.domain import Review
from suggest.injection import examine
from suggest.mask import Masker


@dataclass(frozen=True)
class Shown:
    """The masked review; `honest` is the same without what speaks to a program instead of the company."""

    whole: str
    honest: str
    suspicious: tuple[str, ...]


def shown(review: Review, masker: Masker) -> Shown:
    """Neither the author's nor the client's name is in it, nor anything else that tells who they are."""
    people = (review.author, review.client.name)
    examined = examine(review.text)
    whole = masker.mask(examined.text, people).text
    if not examined.suspicious:
        return Shown(whole, whole, ())
    return Shown(whole, masker.mask(examined.without, people).text, examined.suspicious)
