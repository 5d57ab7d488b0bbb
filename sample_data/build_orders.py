"""Build orders.jsonl: order messages and the JSON to extract, with problems planted among them.

The texts are in sources/orders.txt: a message, then a line ``= customer | items | date | urgent``,
then indented lines that plant something. The same bytes come out of each run.
"""

from __future__ import annotations

import copy
import json

from planting import SOURCES, Mark, Record, Row, disguise, write_set

SEED = 20240819
BROKEN_LINE = (
    '{"order": {"customer": "Lost & Found Café", "items": [{"name": "decaf", "quantity": 2}], '
    '"delivery_date": null, "urgent": false}}'
)


def items_of(text: str) -> list[Record]:
    """Read ``3 oat milk; 2 decaf``."""
    items = []
    for part in text.split(";"):
        quantity, _, name = part.strip().partition(" ")
        items.append({"name": name, "quantity": int(quantity)})
    return items


def order_of(text: str) -> Record:
    """Read ``customer | items | date or - | urgent or -``."""
    customer, items, date, urgent = (part.strip() for part in text.split("|"))
    return {
        "customer": customer,
        "items": items_of(items),
        "delivery_date": None if date == "-" else date,
        "urgent": urgent == "urgent",
    }


def break_schema(order: Record, how: str) -> tuple[str, str]:
    """Make an order violate the schema; return the JSON path and a note."""
    first = order["items"][0]
    match how:
        case "quantity-string":
            first["quantity"] = str(first["quantity"])
            return "$.items[0].quantity", "a string, not an integer"
        case "quantity-zero":
            first["quantity"] = 0
            return "$.items[0].quantity", "zero is below the minimum"
        case "date-word":
            order["delivery_date"] = "tomorrow"
            return "$.delivery_date", "not a date"
        case "urgent-word":
            order["urgent"] = "no"
            return "$.urgent", "a string, not a boolean"
        case "extra-key":
            order["comment"] = "called twice"
            return "$", "comment is not allowed"
        case "missing-urgent":
            del order["urgent"]
            return "$", "urgent is missing"
        case _:
            raise ValueError(f"unknown violation: {how}")


def invent(order: Record, change: str) -> tuple[str, str]:
    """Put a value in an order that its message does not mention; return its path and a note."""
    target, _, value = change.partition("=")
    if target == "customer":
        order["customer"] = value
        return "$.customer", value
    index = int(target.removeprefix("item"))
    order["items"][index]["name"] = value
    return f"$.items[{index}].name", value


def add_copy(kind: str, value: str, row: Row, rows: list[Row], number: int) -> Mark:
    """Add a row that resembles an earlier one."""
    order = copy.deepcopy(row.record["order"])
    message, _, other = value.partition(" => ")
    added = Row({"message": message, "order": order})
    rows.append(added)
    match kind:
        case "exact":
            added.record["message"] = disguise(row.record["message"], number)
        case "twin":
            order["items"] = items_of(other)
            note = "not duplicates: both are right"
            return Mark("near-twin", added, row, "message", note=note)
        case "conflict":
            added.record["order"] = order_of(other)
            return Mark("conflict", added, row, "order", order)
    return Mark(kind, added, row, "message")


def apply(instruction: str, row: Row, rows: list[Row], number: int) -> Mark | None:
    """Plant one problem; ``as-string`` only changes how the order is written."""
    kind, _, value = instruction.partition(": ")
    order = row.record["order"]
    match kind:
        case "exact" | "near" | "twin" | "conflict":
            return add_copy(kind, value, row, rows, number)
        case "schema":
            truth, note = break_schema(order, value)
            return Mark("schema", row, column="order", truth=truth, note=note)
        case "ungrounded":
            truth, note = invent(order, value)
            return Mark("ungrounded", row, column="order", truth=truth, note=note)
        case "as-string":
            row.record["order"] = json.dumps(order, ensure_ascii=False)
            return None
        case "not-json":
            row.record["order"] = json.dumps(order, ensure_ascii=False)[:-20]
            return Mark("broken-row", row, column="order", truth="not-json")
        case _:
            raise ValueError(f"unknown instruction: {instruction}")


def main() -> None:
    """Write the data and its truth file."""
    rows: list[Row] = []
    marks: list[Mark] = []
    last = Row({})
    for line in (SOURCES / "orders.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            mark = apply(line.strip(), last, rows, len(marks))
            if mark is not None:
                marks.append(mark)
        elif line.startswith("= "):
            last.record["order"] = order_of(line[2:])
        else:
            last = Row({"message": line.replace("\\n", "\n")})
            rows.append(last)
    broken = Row({}, BROKEN_LINE)
    rows.append(broken)
    marks.append(Mark("broken-row", broken, column="message", truth="missing-message"))
    write_set("orders", rows, marks, SEED)


if __name__ == "__main__":
    main()
