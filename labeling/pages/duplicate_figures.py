"""What a threshold would do, in figures that follow the slider at once.

They are counted for every step of the slider in the background, and then stand in the browser, so
that a key press changes them without asking the server. Until then the server counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable

import polars as pl
import streamlit as st

from curation.background import Background
from curation.clusters import cluster_counts, version
from curation.records import Dataset
from labeling.pages import context

FIGURES = {
    "clusters": "Clusters",
    "exclude": "Examples to exclude",
    "conflicts": "Clusters in conflict",
}
AT_FIRST, AFTERWARDS = 15.0, 0.2
"""Seconds to wait for the counts when the page is first opened, and after a decision."""
LOOK_AGAIN = 0.5  # seconds
_STYLE = """
<style>
.tamis-figures { display: flex; flex-wrap: wrap; gap: 0.25rem 2rem; }
.tamis-figures, .tamis-figures dd { margin: 0 !important; padding: 0 !important; }
.tamis-figures div { display: flex; flex-direction: column; }
.tamis-figures dt { font-size: 0.875rem; font-weight: 400; }
.tamis-figures dd { font-size: 1.75rem; line-height: 1.4; }
</style>
"""
# The server's answer may be for a step that the slider has left since: what counts is its place.
# Counts from before a decision must not stand in figures from after it.
_FOLLOW = """
<script>
(() => {
  const counts = COUNTS;
  const follow = () => {
    const slider = document.querySelector(".st-key-SLIDER input[type=range]");
    const now = slider && counts[Number(slider.value).toFixed(DIGITS)];
    if (!now) return;
    document.querySelectorAll(".tamis-figures[data-of='VERSION'] dd").forEach((figure, i) => {
      if (figure.textContent !== now[i]) figure.textContent = now[i];
    });
  };
  window.tamisFigures?.disconnect();
  window.tamisFigures = new MutationObserver(follow);
  window.tamisFigures.observe(document.body, {
    subtree: true, childList: true, attributes: true, attributeFilter: ["value"],
  });
  follow();
})();
</script>
"""


@st.cache_resource
def _counted() -> dict[str, tuple[Hashable, Background[pl.DataFrame]]]:
    """The counts at every step of each dataset's slider, and what they were counted from."""
    return {}


def show_figures(dataset: Dataset, threshold: float) -> None:
    """The figures at a threshold."""
    now = version(context.workspace(), dataset)
    at, known = f"{threshold:.{digits(dataset)}f}", _every_step(dataset, now)
    if at not in known:
        counted = cluster_counts(context.workspace(), dataset, (threshold,))
        known = in_words(counted, digits(dataset))
    with st.container(horizontal=True, gap="large", vertical_alignment="center"):
        st.html(_html(known[at], now), width="content")
        table = st.popover("At every threshold", on_change="rerun", key="every-threshold")
        if table.open:
            with table:
                _table(dataset)


def follow(dataset: Dataset, slider: str) -> None:
    """Let the figures follow the slider with this key; last on the page, so that counting goes on
    while the rest is drawn.
    """
    if _every_step(dataset, version(context.workspace(), dataset)):
        _hand_over(dataset, slider)
    else:
        st.fragment(_hand_over, run_every=LOOK_AGAIN)(dataset, slider)


def _hand_over(dataset: Dataset, slider: str) -> None:
    """Give the browser the counts, as far as they are there."""
    now = version(context.workspace(), dataset)
    script = _FOLLOW.replace("COUNTS", json.dumps(_every_step(dataset, now)))
    script = script.replace("SLIDER", slider).replace("VERSION", _named(now))
    script = script.replace("DIGITS", str(digits(dataset)))
    st.html(script, unsafe_allow_javascript=True)


def _every_step(dataset: Dataset, now: Hashable) -> dict[str, list[str]]:
    """The figures at every step; empty while they are counted, again after each decision."""
    workspace = context.workspace()
    known = _counted().get(dataset.dataset_id)
    if known is None or (known[0] != now and not known[1].running):
        known = (now, Background(lambda *_: cluster_counts(workspace, dataset, steps(dataset))))
        known[1].wait(AFTERWARDS if dataset.dataset_id in _counted() else AT_FIRST)
        _counted()[dataset.dataset_id] = known
    counts = known[1].result if known[0] == now else None
    return {} if counts is None else in_words(counts, digits(dataset))


def _named(now: Hashable) -> str:
    return str(hash(now))


def digits(dataset: Dataset) -> int:
    """How many digits the slider has behind the point: as many as the settings need, 2 to 4."""
    settings = dataset.settings
    return digits_of(settings.pair_floor, settings.near_threshold)


def digits_of(*similarities: float) -> int:
    """As many digits behind the point as the similarities need, 2 to 4."""
    for count in (2, 3):
        if all(abs(round(one, count) - one) < 1e-9 for one in similarities):
            return count
    return 4


def steps(dataset: Dataset) -> tuple[float, ...]:
    """Where the figures are counted ahead: every hundredth, and where the settings are."""
    settings = dataset.settings
    hundredths = {step / 100 for step in range(math.ceil(100 * settings.pair_floor - 1e-6), 101)}
    own = {round(one, 4) for one in (settings.pair_floor, settings.near_threshold)}
    return tuple(sorted(hundredths | own))


def in_words(counts: pl.DataFrame, digits: int = 2) -> dict[str, list[str]]:
    """Threshold, in so many digits → the figures as they are shown."""
    return {
        f"{at:.{digits}f}": [f"{count:,}" for count in found]
        for at, *found in counts.select("threshold", *FIGURES).iter_rows()
    }


def _html(figures: list[str], now: Hashable) -> str:
    shown = "".join(
        f"<div><dt>{title}</dt><dd>{figure}</dd></div>"
        for title, figure in zip(FIGURES.values(), figures, strict=True)
    )
    of = f'data-of="{_named(now)}"'
    return f'{_STYLE}<dl class="tamis-figures" {of} aria-live="polite">{shown}</dl>'


def _table(dataset: Dataset) -> None:
    found = cluster_counts(context.workspace(), dataset, steps(dataset))
    shown = found.rename({"threshold": "From", **FIGURES})
    fixed = st.column_config.NumberColumn(format=f"%.{digits(dataset)}f")
    st.dataframe(shown, hide_index=True, column_config={"From": fixed})
