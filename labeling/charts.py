"""The charts of the dashboards, from the frames of curation.quality, for a light or dark page."""

from __future__ import annotations

from importlib import import_module

import altair as alt
import polars as pl

# Altair asks whether pandas is loaded; where another session is just loading it, it would fail.
import_module("pandas")

Drawing = alt.LayerChart | alt.FacetChart
PICKED = "picked"
"""Name of the selection that every chart reports."""
_BAR = 34
_PAIR = 38
_CELL = 34
_BEFORE, _NOW = "#8a9aa5", "#12897d"
_INK = ("#1f2528", "#e9e6e0")
_SHADES = (["#d5ebe7", "#0f6b63"], ["#21403e", "#5fd4c4"])
_AXIS = alt.Axis(labelLimit=150, labelOverlap=False, ticks=False, domain=False)


def funnel(stages: pl.DataFrame, *, dark: bool) -> Drawing:
    """Rows left after each stage: `stage, rows, what`, first stage on top."""
    base = alt.Chart(stages).encode(
        y=alt.Y("stage:N", sort=None, title=None, axis=_AXIS),
        x=alt.X("rows:Q", title=None, axis=None),
        tooltip=["stage:N", alt.Tooltip("rows:Q", format=","), "what:N"],
    )
    bars = base.mark_bar(color=_NOW, cornerRadiusEnd=3, cursor="pointer").add_params(
        alt.selection_point(name=PICKED, fields=["stage"])
    )
    return alt.layer(bars, _numbers(base, "rows:Q", dark=dark), height=stages.height * _BAR + 20)


def labels(distribution: pl.DataFrame, *, dark: bool) -> Drawing:
    """Examples of each label before and after decisions: `label, given, current`."""
    long = distribution.unpivot(
        ["given", "current"], index="label", variable_name="which", value_name="examples"
    )
    sides = ["given", "current"]
    base = alt.Chart(long).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=_AXIS),
        yOffset=alt.YOffset("which:N", sort=sides),
        x=alt.X("examples:Q", title=None, axis=None),
        tooltip=["label:N", "which:N", alt.Tooltip("examples:Q", format=",")],
    )
    colour = alt.Color(
        "which:N",
        scale=alt.Scale(domain=sides, range=[_BEFORE, _NOW]),
        legend=alt.Legend(title=None, orient="top"),
    )
    bars = (
        base.mark_bar(cornerRadiusEnd=2, cursor="pointer")
        .encode(color=colour)
        .add_params(alt.selection_point(name=PICKED, fields=["label", "which"]))
    )
    return alt.layer(
        bars, _numbers(base, "examples:Q", dark=dark), height=distribution.height * _PAIR + 80
    )


def confusion(counts: pl.DataFrame, *, dark: bool) -> Drawing:
    """Flagged examples as a map: `given, suggested, examples`."""
    base = alt.Chart(counts).encode(
        y=alt.Y("given:N", title="given", axis=_AXIS),
        x=alt.X(
            "suggested:N",
            title="suggested",
            axis=alt.Axis(labelAngle=-45, labelLimit=140, labelOverlap=False),
        ),
        tooltip=["given:N", "suggested:N", alt.Tooltip("examples:Q", format=",")],
    )
    cells = (
        base.mark_rect(cornerRadius=3, cursor="pointer")
        .encode(color=alt.Color("examples:Q", scale=alt.Scale(range=_SHADES[dark]), legend=None))
        .add_params(alt.selection_point(name=PICKED, fields=["given", "suggested"]))
    )
    middle = 0.6 * int(counts["examples"].max() or 0)  # type: ignore[arg-type]
    ink = alt.condition(
        alt.datum.examples > middle, alt.value(_INK[not dark]), alt.value(_INK[dark])
    )
    numbers = base.mark_text().encode(text="examples:Q", color=ink)
    height = counts["given"].n_unique() * _CELL + 120
    return alt.layer(cells, numbers, height=height)


def _numbers(base: alt.Chart, field: str, *, dark: bool) -> alt.Chart:
    """The number behind each bar, so that nobody has to read an axis."""
    numbers: alt.Chart = base.mark_text(align="left", dx=4, color=_INK[dark])
    return numbers.encode(text=alt.Text(field, format=","))
