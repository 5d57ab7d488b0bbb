"""Review: the card and its queue."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import streamlit as st

from curation.pipeline import stale_steps
from curation.records import Dataset
from labeling import queue, review
from labeling.card.card import CardData, outbox, review_card
from labeling.pages import context
from labeling.pages.filter_words import in_words
from labeling.pages.filters import choose_filter, clear_filter
from labeling.pages.text import plain

PREFETCH = 40
LOOK_AGAIN = 1.5  # seconds
SCORING = "Scoring the rest anew from what you decided …"


def page() -> None:
    """Lay out the page."""
    dataset = context.current_dataset()
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = _choose_queue(dataset)
        _score_anew(dataset, chosen)
    sitting = _sitting(dataset, chosen)
    for words in sitting.contradicted:
        st.warning(plain(words), icon=":material/group:")
    review_card(
        key=sitting.key,
        data=_card_data(dataset, chosen, sitting),
        on_outbox=lambda: sitting.store(outbox(sitting.key)),
    )


def _choose_queue(dataset: Dataset) -> queue.Filter:
    """What to review, behind one button so that the card has the room."""
    asked = queue.Filter.from_query(st.query_params.to_dict())
    words = in_words(dataset, replace(asked, status=asked.status or "open"))
    with st.popover(f"Queue: {plain(' · '.join(words))}", icon=":material/filter_list:"):
        chosen = choose_filter(dataset, status="open")
        st.button("Clear the filters", on_click=clear_filter, disabled=not asked.to_query())
    return chosen


def _score_anew(dataset: Dataset, chosen: queue.Filter) -> None:
    """Score the rest from what people decided once that is enough, and say so while it runs.

    Not while a slice is reviewed: what is mended no longer stands out, and the slice would be gone
    before its end. The same elements are drawn each time, or the card below would begin anew.
    """
    jobs = context.jobs()
    if not chosen.slice:
        jobs.refresh(context.workspace(), dataset)
    job = jobs.of(dataset)
    with st.container():
        if job is not None and job.running:
            first = bool(stale_steps(context.workspace(), dataset))
            _watch(dataset, "The analysis is running …" if first else SCORING)


@st.fragment(run_every=LOOK_AGAIN)
def _watch(dataset: Dataset, words: str) -> None:
    job = context.jobs().of(dataset)
    if job is None or not job.running:
        st.rerun(scope="app")
    st.caption(words)


def _sitting(dataset: Dataset, chosen: queue.Filter) -> review.Sitting:
    """The person's sitting at this queue, from the session."""
    sittings: dict[str, review.Sitting] = st.session_state.setdefault("sittings", {})
    parts = [dataset.dataset_id, context.annotator(), *map("=".join, chosen.to_query().items())]
    key = "card-" + hashlib.blake2b("|".join(parts).encode(), digest_size=8).hexdigest()
    return sittings.setdefault(key, review.Sitting(key, context.workspace()))


def _card_data(dataset: Dataset, chosen: queue.Filter, sitting: review.Sitting) -> CardData:
    workspace = context.workspace()
    ids = queue.next_ids(workspace, dataset, chosen, PREFETCH, without=sitting.decided)
    ids = list(dict.fromkeys([*sitting.reopened, *ids]))
    return {
        "dataset_id": dataset.dataset_id,
        "task": str(dataset.task),
        "annotator": context.annotator(),
        "labels": workspace.labels(dataset).to_dicts(),  # type: ignore[typeddict-item]
        "queue": review.cards(workspace, dataset, ids),  # type: ignore[typeddict-item]
        "acknowledged": sitting.answer.acknowledged,
        "rejected": sitting.answer.rejected,  # type: ignore[typeddict-item]
        "remaining": queue.count(workspace, dataset, chosen, without=sitting.decided),
        "reviewed": queue.count(workspace, dataset, queue.Filter(status="reviewed")),
        "undoable": review.undoable(workspace, dataset, context.annotator()),  # type: ignore[typeddict-item]
    }
