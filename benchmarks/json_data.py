"""Extraction sets whose every output is right, made from a seed: four styles, two languages."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

Row = tuple[str, Any]
"""An input and the value to extract from it."""

SAMPLES = Path(__file__).resolve().parent.parent / "sample_data"
_FIRST = "Anna Ben Carla David Elif Farid Greta Hugo Ines Jonas Katya Leo Maya Nils Olga Pedro"
_LAST = """Adler Berger Castro Dupont Eriksen Fontana Gruber Haddad Ivanova Jensen Keller Lopez
McBride Novak O'Brien Petrov Quist Rossi Schmidt Tanaka"""
_FIRMS = "Nordwind Bluebird Castell Delta Evergreen Falkon Gamma Halden Ibex Juniper Krone"
_FORMS = ["GmbH", "Ltd", "Inc.", "& Sons", "Group", "AG", "Studio"]
_GOODS = """oak desk; office chair; LED lamp; steel shelf; whiteboard; USB-C dock; laser printer;
paper tray; standing desk; monitor arm; cable set; phone booth; coat rack; filing cabinet"""
_MONTHS = """January February March April May June July August September October November
December"""
_MONATE = """Januar Februar März April Mai Juni Juli August September Oktober November
Dezember"""
_SKILLS = """Python; SQL; project management; Excel; welding; Kubernetes; copywriting; bookkeeping;
TypeScript; data analysis; forklift driving; negotiation; AutoCAD; Java; public speaking"""
_JOBS = "engineer; analyst; accountant; sales manager; technician; team lead; designer; consultant"


def orders() -> list[Row]:
    """The rows of sample_data/orders.jsonl in which nothing is planted."""
    marks = [json.loads(line) for line in _lines("orders.truth.jsonl")]
    faulty = {
        mark["source_row"]
        for mark in marks
        if mark["kind"] in ("schema", "ungrounded", "conflict", "broken-row")
    }
    rows = []
    for number, line in enumerate(_lines("orders.jsonl"), start=1):
        if number not in faulty:
            row = json.loads(line)
            order = row["order"]
            rows.append((row["message"], json.loads(order) if isinstance(order, str) else order))
    return rows


def _lines(name: str) -> list[str]:
    return (SAMPLES / name).read_text("utf-8").splitlines()


def _person(rng: random.Random) -> tuple[str, str]:
    return rng.choice(_FIRST.split()), rng.choice(_LAST.split())


def _firm(rng: random.Random) -> str:
    return f"{rng.choice(_FIRMS.split())} {rng.choice(_LAST.split())} {rng.choice(_FORMS)}"


def _day(rng: random.Random) -> date:
    return date(2023, 1, 1) + timedelta(days=rng.randrange(1000))


def _spelt(rng: random.Random, day: date) -> str:
    month = _MONTHS.split()[day.month - 1]
    return rng.choice(
        [
            day.isoformat(),
            f"{day.day} {month} {day.year}",
            f"{month} {day.day}, {day.year}",
            f"{day.day:02}.{day.month:02}.{day.year}",
            f"{day.day} {month[:3]} {day.year}",
        ]
    )


def _money(rng: random.Random, amount: float, currency: str) -> str:
    plain = f"{amount:,.2f}"
    if currency == "EUR":
        german = plain.translate(str.maketrans(",.", ".,"))
        return rng.choice([f"{german} €", f"EUR {plain}", f"€{plain}"])
    return f"${plain}" if currency == "USD" else f"£{plain}"


def _hasty(rng: random.Random, words: str) -> str:
    """Now and then a slip of the writer, which the output puts right."""
    at = rng.randrange(len(words) - 1)
    slip = words[:at] + words[at + 1] + words[at] + words[at + 2 :]
    return slip if rng.random() < 0.01 else words


def _lines_of_invoice(rng: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "description": item,
            "quantity": rng.choice([1, 2, 3, 4, 6, 8, 10, 12, 20, 40]),
            "unit_price": round(rng.lognormvariate(4, 0.9), 2),
        }
        for item in rng.sample(_GOODS.replace("\n", " ").split("; "), rng.randint(1, 4))
    ]


def invoice(rng: random.Random) -> Row:
    """Nested lines, prices, dates in words against ISO, derived totals, nulls, an optional key."""
    issued, currency = _day(rng), rng.choice(["EUR", "EUR", "USD", "GBP"])
    due = issued + timedelta(days=30) if rng.random() < 0.7 else None
    number = f"INV-{issued.year}-{rng.randrange(10000):04}"
    lines = _lines_of_invoice(rng)
    total = round(sum(line["quantity"] * line["unit_price"] for line in lines), 2)
    seller, buyer = _firm(rng), " ".join(_person(rng))
    output = {
        "invoice_number": number,
        "issued": issued.isoformat(),
        "due": due and due.isoformat(),
        "seller": {"name": seller, "country": rng.choice(["DE", "FR", "US", "GB"])},
        "buyer": buyer,
        "currency": currency,
        "lines": lines,
        "total": total,
        "paid": rng.random() < 0.3,
        "terms": "net 30" if due else None,
    }
    told = "; ".join(
        f"{line['quantity']} x {_hasty(rng, line['description'])} at "
        f"{_money(rng, line['unit_price'], currency)}"
        for line in lines
    )
    text = f"{rng.choice(['Invoice', 'Rechnung', 'Bill'])} {number} from {seller}, dated "
    text += f"{_spelt(rng, issued)}, to {buyer}.\n{told}."
    if rng.random() < 0.5:
        text += f"\nTotal: {_money(rng, total, currency)}."
    if due:
        text += f" Please pay by {_spelt(rng, due)}."
    text += " Paid, thank you." if output["paid"] else ""
    if rng.random() < 0.2:
        output["po_number"] = f"PO{rng.randrange(10**6):06}"
        text += f" Your order {output['po_number']}."
    return text, output


def resume(rng: random.Random) -> Row:
    """Names turned round, phones and months normalised, levels as categories, a free summary."""
    first, last = _person(rng)
    phone = f"{rng.randrange(30, 90)}{rng.randrange(10**7, 10**8)}"
    skills = rng.sample(_SKILLS.replace("\n", " ").split("; "), rng.randint(2, 5))
    start = date(rng.randint(2008, 2021), rng.randint(1, 12), 1)
    jobs, told = [], []
    for _ in range(rng.randint(1, 3)):
        end = start + timedelta(days=31 * rng.randint(8, 40))
        job = {"employer": _firm(rng), "title": rng.choice(_JOBS.split("; "))}
        jobs.append(job | {"from": f"{start:%Y-%m}", "to": f"{end:%Y-%m}"})
        since = f"{_MONTHS.split()[start.month - 1]} {start.year}"
        told.append(f"{job['title']} at {job['employer']}, {since} to {end:%m/%Y}")
        start = end
    if rng.random() < 0.6:
        jobs[-1]["to"], told[-1] = "present", told[-1].rsplit(" to ", 1)[0] + " until now"
    degree, words = rng.choice(
        [("bachelor", "B.Sc."), ("master", "M.A."), ("doctorate", "PhD"), ("none", "no degree")]
    )
    mail = f"{first}.{last}@example.org".lower().replace("'", "")
    output = {
        "name": f"{last}, {first}",
        "email": mail,
        "phone": f"+49{phone}",
        "skills": [skill.lower() for skill in skills],
        "jobs": jobs,
        "degree": degree,
        "experience_years": sum(int(j["to"][:4] if j["to"] != "present" else 2025) for j in jobs)
        - sum(int(j["from"][:4]) for j in jobs),
        "remote": rng.random() < 0.5,
        "summary": f"{rng.choice(['Seasoned', 'Junior', 'Versatile'])} {jobs[-1]['title']} who "
        f"brings {len(skills)} core strengths",
    }
    text = f"CV of {first} {last.upper() if rng.random() < 0.1 else last} ({words})\n"
    text += f"Mail {mail}, tel. 0{phone[:2]} {phone[2:5]}-{phone[5:]}\n"
    text += f"I know {', '.join(skills[:-1])} and {skills[-1]}.\n" + "\n".join(told)
    return text + ("\nHappy to work from home." if output["remote"] else ""), output


def appointment(rng: random.Random) -> Row:
    """German: dates and times as written there, numbers in words, categories, nulls."""
    first, last = _person(rng)
    day, hour, minute = _day(rng), rng.randint(8, 17), rng.choice([0, 15, 30, 45])
    month = _MONATE.split()[day.month - 1]
    spelt = rng.choice([f"{day:%d.%m.%Y}", f"{day.day}. {month} {day.year}"])
    reason, told = rng.choice(
        [
            ("checkup", "zur Vorsorge"),
            ("pain", "weil es weh tut"),
            ("vaccination", "für eine Impfung"),
            ("prescription", "wegen eines Rezepts"),
        ]
    )
    length, duration = rng.choice([(15, "eine Viertelstunde"), (30, "30 Minuten"), (60, "1 h")])
    phone = f"0{rng.randrange(150, 180)} {rng.randrange(10**6, 10**7)}"
    has_phone = rng.random() < 0.6
    output = {
        "patient": {"first": first, "last": last},
        "date": f"{day:%d.%m.%Y}",
        "time": f"{hour:02}:{minute:02}",
        "doctor": f"Dr. {rng.choice(_LAST.split())}",
        "reason": reason,
        "minutes": length,
        "phone": phone if has_phone else None,
        "insured": rng.choice(["public", "private"]),
    }
    text = f"Guten Tag, {first} {last} hier. Ich brauche {told} einen Termin am {spelt} um "
    text += f"{hour}:{minute:02} Uhr bei {output['doctor']}, etwa {duration}."
    return text + (f" Rückruf unter {phone}." if has_phone else " Danke!"), output


def event(rng: random.Random) -> Row:
    """A bare list of mentions, with offsets and scores: nothing but nested objects."""
    people = [" ".join(_person(rng)) for _ in range(rng.randint(1, 3))]
    place = f"{rng.choice(_LAST.split())} Hall"
    cost = rng.choice([5, 8, 10, 12, 15, 20, 25])
    text = f"{' and '.join(people)} {rng.choice(['speak', 'play', 'meet'])} at {place} on "
    day = _day(rng)
    text += f"{_spelt(rng, day)}; doors open at {rng.randint(5, 9)} pm, tickets ${cost}."
    mentions = [{"text": each, "type": "person", "start": text.index(each)} for each in people]
    mentions.append({"text": place, "type": "place", "start": text.index(place)})
    return text, {"mentions": mentions, "day": day.isoformat(), "price": f"{cost}.00 USD"}


_MAKERS: dict[str, Callable[[random.Random], Row]] = {
    "invoices": invoice,
    "resumes": resume,
    "appointments": appointment,
    "events": event,
}
GENERATED = tuple(_MAKERS)


def generated(name: str, count: int, seed: int) -> list[Row]:
    """`count` rows of one of GENERATED."""
    rng = random.Random(f"{name} {seed}")
    return [_MAKERS[name](rng) for _ in range(count)]
