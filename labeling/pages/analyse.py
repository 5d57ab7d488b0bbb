"""Analyse: start, watch and stop the analysis; choose the model and the threshold."""

from __future__ import annotations

import streamlit as st

from curation import quality
from curation.errors import Cancelled, TamisError
from curation.pipeline import REFRESH_SHARE, AnalysisJob, stale_steps, undigested
from curation.records import Dataset, Progress
from labeling.pages import context
from labeling.pages.analyse_settings import show_settings
from labeling.pages.quality_flags import NO_RATE, flags_in_words
from labeling.pages.text import plain, tell

STEPS = {
    "embed": "Embed every text",
    "duplicates": "Find duplicates and neighbours",
    "flags": "Find doubtful labels and outputs",
}


def page() -> None:
    """Lay out the page."""
    st.title("Analyse")
    dataset = context.current_dataset()
    job = context.jobs().of(dataset)
    if job is not None and job.running:
        _watch(dataset)
        return
    stale = stale_steps(context.workspace(), dataset)
    if job is not None and job.error is not None:
        _show_failure(job.error)
    _start(dataset, stale)
    if set(stale) != set(STEPS):
        _results(dataset)
    show_settings(dataset)


def _start(dataset: Dataset, stale: list[str]) -> None:
    if not stale:
        st.success("Everything is analysed.", icon=":material/check_circle:")
        _since_scored(dataset)
        return
    waiting = ", ".join(STEPS[step].lower() for step in stale)
    st.markdown(f"To do: {waiting}. You can go on working elsewhere meanwhile.")
    if st.button("Start the analysis", type="primary", icon=":material/play_arrow:"):
        context.jobs().start(context.workspace(), dataset)
        st.rerun()


def _since_scored(dataset: Dataset) -> None:
    """When scores were computed, and what people have decided since; that makes nothing stale."""
    workspace = context.workspace()
    at, decided = quality.last_scored(workspace, dataset), undigested(workspace, dataset)
    when = f"Scores are from {at.astimezone():%Y-%m-%d %H:%M}. " if at else ""
    if not dataset.task.has_labels:
        st.caption(f"{when}They do not depend on decisions.")
        return
    examples = "example was" if decided == 1 else "examples were"
    since = f"Since then {decided:,} {examples} decided on." if decided else "Nothing came since."
    st.caption(
        f"{when}{since} What people decide teaches the scores of all other examples; during a "
        f"review that happens by itself, after every {REFRESH_SHARE:.0%} of the examples."
    )
    if decided and st.button("Score anew now", icon=":material/refresh:"):
        context.jobs().start(workspace, dataset)
        st.rerun()


@st.fragment(run_every=0.7)
def _watch(dataset: Dataset) -> None:
    job = context.jobs().of(dataset)
    if job is None or not job.running:
        st.rerun(scope="app")
    assert job is not None
    st.markdown("The analysis is running. This page may be closed; it goes on.")
    for step, title in STEPS.items():
        _show_step(title, job.steps.get(step), over=_is_over(job, step))
    if st.button("Stop", icon=":material/stop:", help="What is finished is kept."):
        job.cancel()
        job.wait()
        st.rerun(scope="app")


def _show_step(title: str, state: Progress | None, *, over: bool) -> None:
    if over:
        st.progress(1.0, text=f"{title}: done")
    elif state is None:
        st.progress(0.0, text=f"{title}: waiting")
    else:
        count = f"{state.done:,} of {state.total:,}" if state.total else ""
        share = min(state.done / state.total, 1.0) if state.total else 0.0
        st.progress(share, text=f"{title}: {' '.join(filter(None, [count, plain(state.message)]))}")


def _is_over(job: AnalysisJob, step: str) -> bool:
    order = list(STEPS)
    return any(later in job.steps for later in order[order.index(step) + 1 :])


def _show_failure(error: Exception) -> None:
    if isinstance(error, Cancelled):
        st.info(plain(error.for_people()), icon=":material/pause_circle:")
    elif isinstance(error, TamisError):
        tell(error)
    else:
        st.error("The analysis failed. What happened is in the terminal that runs Tamis.")


def _results(dataset: Dataset) -> None:
    workspace = context.workspace()
    flagged = quality.flagged_by_kind(workspace, dataset)
    summary = quality.duplicate_summary(workspace, dataset)
    st.subheader("What was found", anchor=False)
    left, right = st.columns(2)
    with left:
        st.markdown("**Flags**: examples that a person should look at")
        st.dataframe(flags_in_words(flagged), hide_index=True, placeholder="None yet.")
        st.page_link(context.page("review"), label="Review them")
    with right:
        st.markdown("**Duplicates** at the present threshold")
        st.dataframe(summary, hide_index=True)
        st.page_link(context.page("duplicates"), label="Triage them")
    st.caption(f"A flag is a question, not a verdict. {NO_RATE}")
