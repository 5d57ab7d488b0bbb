"""The analysis: the worker subprocess, what it finds in the samples, resuming, stopping."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import polars as pl
import pytest

from curation import pipeline
from curation.clusters import clusters, pair_rows, pairs, search_of
from curation.errors import Cancelled, ModelUnavailable, WorkerFailed, WrongUse
from curation.importing import import_file, quarantined_rows
from curation.labels import flag_rows
from curation.records import Action, Dataset, Progress, Settings, Task
from curation.workspace import Workspace
from tests.factories import add_examples, mark_analysed, operation

SAMPLES = Path(__file__).parents[2] / "sample_data"
STEPS = ("embed", "duplicates", "flags")


def truth(name: str, kind: str) -> list[dict[str, object]]:
    lines = (SAMPLES / f"{name}.truth.jsonl").read_text("utf-8").splitlines()
    return [one for one in map(json.loads, lines) if one["kind"] == kind]


def csv(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    return path


def small(path: Path) -> tuple[Workspace, Dataset]:
    """Sixteen short texts under two labels."""
    workspace = Workspace.create(path / "w")
    dataset = workspace.create_dataset("small", Task.SINGLE_LABEL)
    rows = [(f"where is parcel number {n}", "parcel") for n in range(8)]
    rows += [(f"I forgot my password again and again {n}", "login") for n in range(8)]
    import_file(workspace, dataset, csv(path / "a.csv", rows))
    return workspace, dataset


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the sample tickets are analysed."""
    path = tmp_path_factory.mktemp("tickets") / "w"
    with Workspace.create(path) as workspace:
        dataset = workspace.create_dataset("tickets", Task.SINGLE_LABEL)
        import_file(workspace, dataset, SAMPLES / "support_tickets.csv")
        pipeline.analyze(workspace, dataset)
    return path


def test_what_was_planted_in_the_tickets_is_found(tickets: Path) -> None:
    with Workspace.open(tickets) as workspace:
        dataset = workspace.dataset("tickets")
        broken = {one["source_row"] for one in truth("support_tickets", "broken-row")}
        assert set(quarantined_rows(workspace, dataset)["source_row"]) == broken
        rows = workspace.store.read("SELECT example_id, source_row FROM example")
        member = clusters(workspace, dataset).join(rows, on="example_id")
        cluster = dict(member.select("source_row", "cluster").iter_rows())

        def together(kind: str) -> float:
            planted = truth("support_tickets", kind)
            pairs = [(one["source_row"], one["other_row"]) for one in planted]
            return sum(a in cluster and cluster[a] == cluster.get(b) for a, b in pairs) / len(pairs)

        assert together("exact") == 1.0
        assert together("near") >= 0.9
        assert together("near-twin") <= 0.25
        flags = flag_rows(workspace, dataset)
        flagged = set(flags.filter("flagged")["source_row"])
        wrong = {one["source_row"] for one in truth("support_tickets", "label")}
        conflicts = {one["source_row"] for one in truth("support_tickets", "conflict")}
        assert len(wrong & flagged) / len(wrong) >= 0.75
        assert len(conflicts & flagged) / len(conflicts) >= 0.9
        worst = flags.filter(pl.col("kind") == "label")["source_row"].head(50)
        assert len((wrong | conflicts) & set(worst)) >= 35


def test_every_example_has_a_label_row_with_a_reason_in_words(tickets: Path) -> None:
    with Workspace.open(tickets) as workspace:
        dataset = workspace.dataset("tickets")
        labels = flag_rows(workspace, dataset).filter(pl.col("kind") == "label")
        count = workspace.store.value("SELECT count(*) FROM example")
        assert labels["example_id"].n_unique() == labels.height == count
        assert (labels["reason"].str.split(" ").list.len() >= 4).all()
        assert labels["score"].drop_nulls().is_between(0, 1).all()
        unlabelled = {one["source_row"] for one in truth("support_tickets", "missing-label")}
        assert set(labels.filter(pl.col("score").is_null())["source_row"]) == unlabelled


def test_pairs_name_their_rows_and_kinds(tickets: Path) -> None:
    with Workspace.open(tickets) as workspace:
        found = pair_rows(workspace, workspace.dataset("tickets"))
        assert set(found["kind"]) == {"exact", "near", "near-twin"}
        merged = found.filter(pl.col("cluster").is_not_null())
        assert set(merged["kind"]) <= {"exact", "near", "near-twin"}
        assert (found["similarity"].is_between(0.8, 1.0)).all()


def test_progress_is_reported_and_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    workspace, dataset = small(tmp_path)
    seen: list[Progress] = []
    assert pipeline.stale_steps(workspace, dataset) == list(STEPS)
    first = pipeline.analyze(workspace, dataset, progress=seen.append)
    assert set(first.seconds) == set(STEPS)
    assert {state.step for state in seen} == set(STEPS)
    assert seen[-1].done == seen[-1].total
    assert pipeline.stale_steps(workspace, dataset) == []
    assert pipeline.analyze(workspace, dataset) == pipeline.Analysis(up_to_date=STEPS)


def test_new_rows_embed_only_what_is_new_and_keep_decisions(tmp_path: Path) -> None:
    workspace, dataset = small(tmp_path)
    pipeline.analyze(workspace, dataset)
    import_file(workspace, dataset, csv(tmp_path / "b.csv", [("a brand new text", "login")]))
    embedded: list[Progress] = []
    pipeline.analyze(workspace, dataset, progress=embedded.append)
    counted = [state for state in embedded if state.step == "embed" and state.total]
    assert (counted[0].done, counted[0].total) == (16, 17)


def test_a_setting_redoes_only_what_depends_on_it(tmp_path: Path) -> None:
    workspace, dataset = small(tmp_path)
    pipeline.analyze(workspace, dataset)
    dataset = workspace.update_dataset(dataset, settings=Settings(near_threshold=0.85))
    assert pipeline.stale_steps(workspace, dataset) == ["flags"]
    assert set(pipeline.analyze(workspace, dataset).seconds) == {"flags"}


def test_decisions_teach_the_model_and_are_not_called_in_question_again(tmp_path: Path) -> None:
    workspace, dataset = small(tmp_path)
    rows = [("where is parcel number 99", "login"), ("a parcel of mine is late", "parcel")]
    import_file(workspace, dataset, csv(tmp_path / "b.csv", rows))
    pipeline.analyze(workspace, dataset)
    flagged = flag_rows(workspace, dataset).filter("flagged", kind="label")
    wrong = flagged.filter(given="login")["example_id"].to_list()
    assert wrong
    ids = flag_rows(workspace, dataset).filter(kind="label")["example_id"].to_list()
    decide(workspace, dataset, ids[:9], Action.KEEP)
    assert pipeline.undigested(workspace, dataset) == 9
    assert not pipeline.refresh_due(workspace, dataset)
    decide(workspace, dataset, wrong, Action.KEEP)
    decide(workspace, dataset, ids[9:12], Action.KEEP)
    assert pipeline.refresh_due(workspace, dataset)
    assert pipeline.stale_steps(workspace, dataset) == []

    assert set(pipeline.analyze(workspace, dataset).seconds) == {"flags"}

    assert pipeline.undigested(workspace, dataset) == 0
    assert not pipeline.refresh_due(workspace, dataset)
    again = {row["example_id"]: row for row in flag_rows(workspace, dataset).to_dicts()}
    for example in (*ids[:12], *wrong):
        assert not again[example]["flagged"]
        assert again[example]["reason"].startswith("A person has decided on this example.")


def test_only_decisions_on_labels_are_worth_scoring_anew(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    chat = workspace.create_dataset("chat", Task.CHAT)
    ids = add_examples(workspace, chat, [(f"question {n}", "an answer") for n in range(12)])
    mark_analysed(workspace, chat)
    decide(workspace, chat, ids, Action.KEEP)
    assert pipeline.undigested(workspace, chat) == 0
    assert not pipeline.refresh_due(workspace, chat)


def decide(workspace: Workspace, dataset: Dataset, ids: list[str], action: Action) -> None:
    given = dict(
        workspace.store.read(
            "SELECT example_id, given FROM example WHERE dataset_id = $dataset",
            {"dataset": dataset.dataset_id},
        ).iter_rows()
    )
    workspace.store.decide([operation(dataset, key, action, given[key]) for key in ids])


def test_a_stopped_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    workspace, dataset = small(tmp_path)
    stop = threading.Event()

    def stop_after_embedding(state: Progress) -> None:
        if state.step == "duplicates":
            stop.set()

    with pytest.raises(Cancelled, match="stopped"):
        pipeline.analyze(workspace, dataset, progress=stop_after_embedding, cancelled=stop)
    embedded: list[Progress] = []
    done = pipeline.analyze(workspace, dataset, progress=embedded.append)
    assert "flags" in done.seconds
    assert not [state for state in embedded if state.step == "embed" and state.done < state.total]


def test_the_same_input_gives_the_same_flags(tmp_path: Path) -> None:
    results = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        workspace, dataset = small(tmp_path / name)
        pipeline.analyze(workspace, dataset)
        results.append(flag_rows(workspace, dataset))
        workspace.close()
    assert results[0].equals(results[1])


def test_a_model_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    workspace, dataset = small(tmp_path)
    settings = Settings(model=str(tmp_path / "nowhere"))
    dataset = workspace.update_dataset(dataset, settings=settings)
    with pytest.raises((ModelUnavailable, WorkerFailed), match="nowhere"):
        pipeline.analyze(workspace, dataset)


def test_an_empty_dataset_is_an_error_in_words(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    dataset = workspace.create_dataset("empty", Task.CHAT)
    with pytest.raises(WrongUse, match="has no examples"):
        pipeline.analyze(workspace, dataset)


@pytest.mark.parametrize(
    ("name", "file", "task"),
    [
        ("bicycle_qa", "bicycle_qa.jsonl", Task.CHAT),
        ("product_reviews", "product_reviews.jsonl", Task.MULTI_LABEL),
        ("orders", "orders.jsonl", Task.EXTRACTION),
    ],
)
def test_the_other_tasks_go_the_whole_way_too(
    tmp_path: Path, name: str, file: str, task: Task
) -> None:
    with Workspace.create(tmp_path) as workspace:
        schema = json.loads((SAMPLES / "orders.schema.json").read_text())
        schema = schema if task is Task.EXTRACTION else None
        dataset = workspace.create_dataset(name, task, output_schema=schema)
        import_file(workspace, dataset, SAMPLES / file)
        pipeline.analyze(workspace, dataset)
        flags = flag_rows(workspace, dataset).filter("flagged")
        if task is Task.CHAT:
            copies = {one["source_row"] for one in truth(name, "exact") + truth(name, "near")}
            conflicts = set(flags.filter(pl.col("kind") == "conflict")["source_row"])
            assert not copies & conflicts
        kinds = {
            Task.CHAT: {"mismatch": 0.85, "conflict": 0.8, "empty-output": 1.0},
            Task.MULTI_LABEL: {"label": 0.75},
            Task.EXTRACTION: {"schema": 1.0, "conflict": 0.6},
        }[task]
        for kind, share in kinds.items():
            planted = {one["source_row"] for one in truth(name, kind)}
            found = set(flags.filter(pl.col("kind") == kind)["source_row"])
            assert len(planted & found) / len(planted) >= share, kind


def test_a_job_that_fails_unexpectedly_is_logged_and_one_that_fails_in_words_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = Workspace.create(tmp_path)
    dataset = workspace.create_dataset("empty", Task.CHAT)
    job = pipeline.Jobs().start(workspace, dataset)
    job.wait()
    assert isinstance(job.error, WrongUse)
    assert caplog.records == []

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(pipeline, "analyze", fail)
    job = pipeline.Jobs().start(workspace, dataset)
    job.wait()
    assert isinstance(job.error, RuntimeError)
    assert "Work in the background failed" in caplog.text


def test_two_imports_give_the_pairs_of_one_and_compare_only_what_is_new(tmp_path: Path) -> None:
    rows = [("where is my parcel with the lamp", "parcel"), ("I forgot my password", "login")]
    rows += [("Where is my parcel with the lamp?", "parcel")]
    rows += [("where is my pracel with the lamp", "parcel")]
    found = []
    for name, imports in (("one", [rows]), ("two", [rows[2:], rows[:2]])):
        workspace = Workspace.create(tmp_path / name)
        dataset = workspace.create_dataset("small", Task.SINGLE_LABEL)
        for number, part in enumerate(imports):
            import_file(workspace, dataset, csv(tmp_path / f"{name}{number}.csv", part))
            pipeline.analyze(workspace, dataset)
        found.append(pairs(workspace, dataset))
        search = search_of(workspace, dataset)
        assert search is not None
        assert (search.method, search.rows, search.recall) == ("exact", 4, 1.0)
    assert found[0].equals(found[1])
    assert found[0]["kind"].to_list().count("exact") == 1
    assert found[0].filter(kind="near").height >= 1

    # What was found is not looked for again: a trace in the stored pairs stays.
    job = workspace.jobs / dataset.dataset_id
    near = pl.col("kind") != "exact"
    old = pl.read_parquet(job / "pairs.parquet")
    old.with_columns(similarity=pl.lit(0.87, pl.Float32)).write_parquet(job / "pairs.parquet")
    import_file(workspace, dataset, csv(tmp_path / "c.csv", [("something else", "login")]))
    pipeline.analyze(workspace, dataset)
    kept = pairs(workspace, dataset).filter(near)["similarity"]
    assert kept.to_list() == pytest.approx([0.87] * old.filter(near).height)


def test_chats_can_be_compared_by_their_answers_or_by_both_sides(tmp_path: Path) -> None:
    rows = [
        ("How do I reset my password?", "Press the button below the form."),
        ("How do I reset my password", "You cannot, ask the owner of the account."),
        ("Where can I find the form?", "Press the button below the form"),
    ]
    lines = [json.dumps({"question": q, "answer": a}) for q, a in rows]
    (tmp_path / "c.jsonl").write_text("\n".join(lines))
    workspace = Workspace.create(tmp_path / "w")
    dataset = workspace.create_dataset("chat", Task.CHAT)
    import_file(workspace, dataset, tmp_path / "c.jsonl")
    found = {}
    for of in ("question", "answer", "both"):
        dataset = workspace.update_dataset(dataset, settings=Settings(duplicates_of=of))
        pipeline.analyze(workspace, dataset)
        exact = pair_rows(workspace, dataset).filter(kind="exact").select("source_row", "other_row")
        found[of] = {tuple(sorted(pair)) for pair in exact.rows()}
        conflicting = flag_rows(workspace, dataset).filter("flagged", kind="conflict")
        assert set(conflicting["source_row"]) == {1, 2}  # whatever counts as a duplicate
    assert found == {"question": {(1, 2)}, "answer": {(1, 3)}, "both": set()}
