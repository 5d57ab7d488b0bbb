"""Answers in another language than their question."""

import pytest

from curation.detectors.language import DETECTOR
from tests.curation.detectors.findings import reason

ENGLISH = "How often should I clean and oil the chain of my bicycle?"
GERMAN = "Öle die Kette nach jeder Fahrt im Regen und wische das überschüssige Öl ab."


@pytest.mark.parametrize(
    ("text", "given", "languages"),
    [
        (ENGLISH, GERMAN, ("English", "German")),
        (ENGLISH, "用布擦净链条，在每一节上滴一滴油，然后再上路。", ("English", "Chinese")),
        (ENGLISH, "Limpia la cadena con un trapo después de cada salida.", ("English", "Spanish")),
        (
            "Wie oft soll ich die Kette meines Fahrrads reinigen und ölen?",
            "Wipe it after every ride in the rain and oil it once a month.",
            ("German", "English"),
        ),
    ],
)
def test_another_language_is_named(text: str, given: str, languages: tuple[str, str]) -> None:
    asked, said = languages
    expected = f"The question is in {asked}, the answer in {said}: "
    assert reason(DETECTOR, given, text).startswith(expected)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        (ENGLISH, "Wipe it after every ride in the rain and oil it once a month."),
        (f"Translate: {ENGLISH}", GERMAN),
        ("How do I say in German that the chain needs oil?", "Die Kette braucht wieder Öl."),
        ("Réponds en anglais : quand faut-il huiler la chaîne ?", "Once a month, or after rain."),
        (f"Please answer the letter: “{GERMAN}”", "Die Kette ist schon geölt, vielen Dank dafür."),
        (ENGLISH, "Einmal im Monat"),
        (ENGLISH, "Shimano Deore XT, SRAM GX Eagle, Campagnolo Ekar"),
        (ENGLISH, "```python\nfor kette in ketten: putze(kette); oele(kette)\n```"),
        (ENGLISH, "https://beispiel.example.org/wie-oft-soll-ich-die-kette-reinigen"),
        (ENGLISH, "12, 24, 36, 48"),
        ("Kette?", "Wipe it after every ride in the rain and oil it once a month."),
    ],
)
def test_silent_where_it_is_wanted_or_cannot_be_told(text: str, given: str) -> None:
    assert not reason(DETECTOR, given, text)


def test_the_system_turn_may_ask_for_a_language() -> None:
    def said(system: str) -> str:
        turns = [
            {"role": "system", "content": system},
            {"role": "user", "content": ENGLISH},
            {"role": "assistant", "content": GERMAN},
        ]
        return reason(DETECTOR, GERMAN, ENGLISH, messages=[turns])

    assert said("You are a helpful mechanic.")
    assert not said("Always answer in German.")
