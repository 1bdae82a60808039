"""Seals: one form for everybody, equal for the same, and telling nothing without the key."""

import re

from mentoring_lifecycle.contracts.seals import Seals

SEALS = Seals(bytes(range(32)))


def test_the_same_placer_shows_the_same_seal_in_the_same_place() -> None:
    """In another place, or with another key, it is another one, so that nobody's holds can be counted."""
    seal = SEALS.of_hold("r-1", "p-1")
    assert seal == SEALS.of_hold("r-1", "p-1")
    others = [SEALS.of_hold("r-1", "p-2"), SEALS.of_hold("r-2", "p-1"), Seals(bytes(32)).of_hold("r-1", "p-1")]
    assert len({seal, *others}) == 4


def test_two_people_are_the_same_pair_in_either_order() -> None:
    """And a block is no hold."""
    assert SEALS.of_block("p-1", "p-2", "r") == SEALS.of_block("p-2", "p-1", "r") != SEALS.of_hold("p-1", "r")


def test_every_seal_has_the_same_form() -> None:
    """Whoever stands behind it: a person, or a case by its random id."""
    for placer in ("p-1", "0d6e1f52-6f5f-4b0e-9d1c-2d4b7a9c1e11", "x" * 64):
        assert re.fullmatch("[0-9a-f]{64}", SEALS.of_hold("r-1", placer))
        assert re.fullmatch("[0-9a-f]{64}", SEALS.of_block("p-1", "p-2", placer))


def test_without_a_key_all_are_empty() -> None:
    """Also that of a case, so that it cannot be told from the others."""
    assert not Seals().are_used
    assert (Seals().of_hold("r-1", "p-1"), Seals().of_block("p-1", "p-2", "p-3")) == ("", "")
