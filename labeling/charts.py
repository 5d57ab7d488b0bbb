"""The charts of the dashboards, from the frames of curation.quality. Colours are the theme's."""

from __future__ import annotations

import altair as alt
import polars as pl

PICKED = "picked"
"""Name of the selection that every chart reports."""
_BAR = 26
_CELL = 34
_BEFORE, _NOW = "#8a9aa5", "#12897d"


def funnel(stages: pl.DataFrame) -> alt.LayerChart:
    """Rows left after each stage: `stage, rows, what`, first stage on top."""
    base = alt.Chart(stages).encode(
        y=alt.Y("stage:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False)),
        x=alt.X("rows:Q", title=None, axis=None),
        tooltip=["stage:N", alt.Tooltip("rows:Q", format=","), "what:N"],
    )
    bars = base.mark_bar(color=_NOW, cornerRadiusEnd=3, cursor="pointer").add_params(
        alt.selection_point(name=PICKED, fields=["stage"])
    )
    return (bars + _numbers(base)).properties(height=stages.height * (_BAR + 8))


def labels(distribution: pl.DataFrame) -> alt.LayerChart:
    """Examples of each label before and after decisions: `label, given, current`."""
    long = distribution.unpivot(
        ["given", "current"], index="label", variable_name="which", value_name="examples"
    )
    sides = ["given", "current"]
    base = alt.Chart(long).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=150, ticks=False)),
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
    return (bars + _numbers(base)).properties(height=distribution.height * (_BAR + 14))


def confusion(counts: pl.DataFrame) -> alt.LayerChart:
    """Flagged examples as a map: `given, suggested, examples`."""
    axis = alt.Axis(labelLimit=140, ticks=False, domain=False)
    base = alt.Chart(counts).encode(
        y=alt.Y("given:N", title="given", axis=axis),
        x=alt.X("suggested:N", title="suggested", axis=alt.Axis(labelAngle=-45, labelLimit=140)),
        tooltip=["given:N", "suggested:N", alt.Tooltip("examples:Q", format=",")],
    )
    cells = (
        base.mark_rect(cornerRadius=3, cursor="pointer")
        .encode(
            color=alt.Color(
                "examples:Q", scale=alt.Scale(range=["#cfe8e3", "#0b4f49"]), legend=None
            )
        )
        .add_params(alt.selection_point(name=PICKED, fields=["given", "suggested"]))
    )
    middle = int(counts["examples"].max() or 0) / 2  # type: ignore[arg-type]
    ink = alt.condition(alt.datum.examples > middle, alt.value("#ffffff"), alt.value("#10302d"))
    numbers = base.mark_text().encode(text="examples:Q", color=ink)
    return (cells + numbers).properties(height=counts["given"].n_unique() * _CELL + 120)


def _numbers(base: alt.Chart) -> alt.Chart:
    field = "rows:Q" if "rows" in str(base.encoding.x.shorthand) else "examples:Q"
    return base.mark_text(align="left", dx=4).encode(text=alt.Text(field, format=","))
