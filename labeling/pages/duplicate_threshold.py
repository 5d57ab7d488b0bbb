"""The threshold of the Duplicates page: what it would do, at once, and how pairs were searched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from curation.clusters import search_of
from curation.records import Dataset
from curation.similarity import Search
from labeling.pages import context
from labeling.pages.duplicate_figures import digits, digits_of, show_figures

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def threshold_now(dataset: Dataset) -> float:
    """Where the slider stands."""
    value = st.session_state.get(slider_key(dataset), dataset.settings.near_threshold)
    return round(float(value), digits(dataset))


@st.fragment
def choose_threshold(dataset: Dataset, drawn: float) -> None:
    """The slider with the figures it leads to; the rest of the page, drawn at `drawn`, follows."""
    slider, save = st.columns([4, 1], vertical_alignment="bottom")
    settings = dataset.settings
    threshold = similarity_slider(
        slider,
        "Texts count as duplicates from this similarity (cosine)",
        settings.pair_floor,
        settings.near_threshold,
        help_text="Nothing is computed anew: the pairs are stored with their similarity.",
        key=slider_key(dataset),
    )
    show_figures(dataset, threshold)
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


def similarity_slider(
    where: DeltaGenerator,
    label: str,
    lowest: float,
    value: float,
    *,
    highest: float = 1.0,
    help_text: str = "",
    key: str | None = None,
) -> float:
    """A slider that can stand at the value as it is; in words where there is nothing to choose."""
    count = digits_of(lowest, value)
    lowest, value = round(lowest, count), round(value, count)
    if lowest >= highest:
        where.markdown(f"{label}: {value:.{count}f}", help=help_text)
        return value
    step, shown = 10.0**-count, f"%.{count}f"
    chosen: float = where.slider(
        label, lowest, highest, value, step, format=shown, help=help_text, key=key
    )
    return round(chosen, count)


def slider_key(dataset: Dataset) -> str:
    """The key of the slider."""
    return f"threshold-{dataset.dataset_id}"


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
        lexical = settings.lexical_threshold
        alike = f"Texts alike in spelling from {lexical:.{digits_of(lexical)}f}"
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
        f"at {threshold:.{digits_of(threshold)}f} and above."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".")
