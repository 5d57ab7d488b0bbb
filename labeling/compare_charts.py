"""The chart of two models side by side, for a light or dark page."""

from __future__ import annotations

import altair as alt
import polars as pl

from labeling.charts import Drawing
from labeling.compare_words import NAMES

_COLOURS = ("#8a9aa5", "#12897d")
_INK = ("#1f2528", "#e9e6e0")
_ROW = 38


def class_scores(classes: pl.DataFrame, *, dark: bool) -> Drawing:
    """F1 of each class for both models: `label, support, base_f1, tuned_f1`, in their order."""
    long = (
        classes.select("label", "support", **{NAMES[side]: f"{side}_f1" for side in NAMES})
        .unpivot(list(NAMES.values()), index=["label", "support"], variable_name="model")
        .drop_nulls("value")
    )
    names = list(NAMES.values())
    base = alt.Chart(long).encode(
        y=alt.Y(
            "label:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=150, labelOverlap=False, ticks=False, domain=False),
        ),
        yOffset=alt.YOffset("model:N", sort=names),
        x=alt.X("value:Q", title=None, axis=None, scale=alt.Scale(domain=[0, 1.1])),
        tooltip=["label:N", "model:N", alt.Tooltip("value:Q", format=".1%"), "support:Q"],
    )
    colour = alt.Color(
        "model:N",
        scale=alt.Scale(domain=names, range=list(_COLOURS)),
        legend=alt.Legend(title=None, orient="top"),
    )
    bars = base.mark_bar(cornerRadiusEnd=2).encode(color=colour)
    numbers = base.mark_text(align="left", dx=4, color=_INK[dark])
    numbers = numbers.encode(text=alt.Text("value:Q", format=".1%"))
    return alt.layer(bars, numbers, height=classes.height * _ROW + 80)
