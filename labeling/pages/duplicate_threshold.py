"""The threshold of the Duplicates page: what it would do, at once, and how pairs were searched."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from curation.clusters import cluster_counts, search_of
from curation.records import Dataset
from curation.similarity import Search
from labeling.pages import context

_FIGURES = {
    "clusters": "Clusters",
    "exclude": "Examples to exclude",
    "conflicts": "Clusters in conflict",
}


def threshold_now(dataset: Dataset) -> float:
    """Where the slider stands."""
    value = st.session_state.get(_key(dataset), dataset.settings.near_threshold)
    return round(float(value), 2)


@st.fragment
def choose_threshold(dataset: Dataset, drawn: float) -> None:
    """The slider with the figures it leads to; the rest of the page, drawn at `drawn`, follows."""
    slider, save = st.columns([4, 1], vertical_alignment="bottom")
    settings = dataset.settings
    value: float = slider.slider(
        "Texts count as duplicates from this similarity (cosine)",
        settings.pair_floor,
        1.0,
        settings.near_threshold,
        0.01,
        help="Nothing is computed anew: the pairs are stored with their similarity.",
        key=_key(dataset),
    )
    threshold = round(value, 2)
    _figures(dataset, threshold)
    pressed = save.button(
        "Use everywhere",
        disabled=abs(threshold - settings.near_threshold) < 1e-9,
        help="Makes this the dataset's threshold, also for conflicts and splits; flags are then "
        "computed again at the next analysis.",
        width="stretch",
    )
    if pressed:
        changed = replace(settings, near_threshold=threshold)
        context.workspace().update_dataset(dataset, settings=changed)
    if pressed or abs(threshold - drawn) > 1e-9:
        st.rerun(scope="app")


def _key(dataset: Dataset) -> str:
    return f"threshold-{dataset.dataset_id}"


def _figures(dataset: Dataset, threshold: float) -> None:
    workspace = context.workspace()
    counts = cluster_counts(workspace, dataset, (threshold,)).row(0, named=True)
    with st.container(horizontal=True, gap="large", vertical_alignment="center"):
        for name, title in _FIGURES.items():
            st.metric(title, f"{counts[name]:,}", width="content")
        every = st.popover("At every threshold", on_change="rerun", key="every-threshold")
        if every.open:
            with every:
                _table(dataset)


def _table(dataset: Dataset) -> None:
    floor = round(dataset.settings.pair_floor * 100)
    steps = tuple(step / 100 for step in range(floor, 101))
    found = cluster_counts(context.workspace(), dataset, steps)
    shown = found.rename({"threshold": "From", **_FIGURES})
    two_digits = st.column_config.NumberColumn(format="%.2f")
    st.dataframe(shown, hide_index=True, column_config={"From": two_digits})


def show_search(dataset: Dataset) -> None:
    """How the pairs were looked for, and what share of them was found."""
    settings, workspace = dataset.settings, context.workspace()
    meaning, spelling = (search_of(workspace, dataset, name) for name in ("embedding", "lexical"))
    words = [search_in_words("meaning", meaning, settings.near_threshold)]
    if settings.lexical_threshold <= 1:
        if meaning is not None and meaning == spelling and meaning.method == "exact":
            all_texts = f"All {meaning.rows:,} texts were compared, by meaning and by spelling"
            words = [f"{all_texts}: nothing is missed."]
        else:
            words.append(search_in_words("spelling", spelling, settings.lexical_threshold))
        alike = f"Texts alike in spelling from {settings.lexical_threshold:.2f}"
        words.append(f"{alike} are duplicates whatever the slider says.")
    st.caption(" ".join(filter(None, words)))


def search_in_words(channel: str, search: Search | None, threshold: float) -> str:
    """What a search of a channel (`meaning`, `spelling`) promises; empty where there was none."""
    if search is None:
        return ""
    if search.method == "exact":
        return f"By {channel}, all {search.rows:,} texts were compared: nothing is missed."
    how = f"By {channel}, {search.rows:,} texts were compared within {search.cells:,} groups"
    if search.recall is None or search.interval is None:
        return f"{how}; what share of the pairs was found is not known."
    low, high = (_percent(bound) for bound in search.interval)
    return (
        f"{how}: estimated recall {_percent(search.recall)} % ({low}–{high}) "
        f"at {threshold:.2f} and above."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".")
