"""The command line: results on stdout, words on stderr, exit 0 done, 1 problems, 2 wrong use."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from curation.records import Task
from curation.slices import SLICE_SCHEMA
from curation.workspace import Workspace
from labeling import triage
from labeling.cli import main
from labeling.tables import write_table
from tests.factories import add_flags, mark_analysed, operation, tickets
from tests.labeling.duplicates_kit import make
from tests.labeling.label_map_kit import add_overlap, add_quality, add_slice

Tamis = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tamis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tamis:
    """Run one command on the workspace `tmp_path/w`; returns exit code, stdout and stderr."""
    monkeypatch.setenv("TAMIS_WORKSPACE", str(tmp_path / "w"))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["tamis", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return run


def csv(path: Path, *lines: str) -> str:
    path.write_text("\n".join(["text,label", *lines]) + "\n")
    return str(path)


def test_import_counts_every_row_and_repeats_nothing(tamis: Tamis, tmp_path: Path) -> None:
    file = csv(tmp_path / "a.csv", "one,x", "two,y", ",y", "three,")
    assert tamis("init", str(tmp_path / "w"))[0] == 0
    command = ("import", file, "--dataset", "d", "--task", "single-label", "--json")
    code, out, _ = tamis(*command)
    counts = json.loads(out)[0]
    assert code == 0
    assert (counts["rows"], counts["imported"], counts["quarantined"]) == (4, 3, 1)
    counts = json.loads(tamis(*command)[1])[0]
    assert (counts["imported"], counts["already_present"]) == (0, 3)


def test_the_task_is_guessed_where_it_is_left_out(tamis: Tamis, tmp_path: Path) -> None:
    tamis("init", str(tmp_path / "w"))
    file = tmp_path / "qa.jsonl"
    file.write_text('{"question": "why?", "answer": "because"}\n')
    assert tamis("import", str(file), "--dataset", "qa")[0] == 0
    assert json.loads(tamis("status", "--json")[1])[0]["task"] == "chat"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import", "none.csv", "-d", "d", "--task", "chat"], 1, "none.csv"),
        (["import", "{csv}", "-d", "d", "--task", "single-label", "--text", "txt"], 2, "text"),
        (["analyze", "-d", "nobody"], 2, "no dataset 'nobody'"),
        (["flags", "-d", "nobody", "-o", "x.csv"], 2, "no dataset"),
        (["export", "-d", "nobody", "-o", "x"], 2, "no dataset"),
        (["init", "{w}"], 2, "is a workspace already"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_errors_are_words_and_exit_codes(
    tamis: Tamis, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    tamis("init", str(tmp_path / "w"))
    places = {"csv": csv(tmp_path / "a.csv", "one,x"), "w": str(tmp_path / "w")}
    found, _, err = tamis(*[argument.format(**places) for argument in arguments])
    assert found == code
    assert words in err
    assert "Traceback" not in err


def test_a_wrong_column_leaves_no_dataset_behind(tamis: Tamis, tmp_path: Path) -> None:
    tamis("init", str(tmp_path / "w"))
    file = csv(tmp_path / "a.csv", "one,x")
    tamis("import", file, "--dataset", "d", "--task", "single-label", "--label", "lable")
    assert json.loads(tamis("status", "--json")[1]) == []


def test_an_import_does_not_change_a_dataset_that_is_there(tamis: Tamis, tmp_path: Path) -> None:
    tamis("init", str(tmp_path / "w"))
    file = csv(tmp_path / "a.csv", "one,x")
    tamis("import", file, "--dataset", "d", "--task", "single-label")
    code, _, err = tamis("import", file, "--dataset", "d", "--guidelines", "new")
    assert code == 2
    assert "not changed by an import" in err


def test_an_import_says_which_column_is_what(tamis: Tamis, tmp_path: Path) -> None:
    tamis("init", str(tmp_path / "w"))
    _, _, err = tamis("import", csv(tmp_path / "a.csv", "one,x"), "--dataset", "d")
    assert "a.csv: text = text, label = label" in err


def test_no_workspace_says_how_to_make_one(tamis: Tamis) -> None:
    code, _, err = tamis("status")
    assert code == 2
    assert "tamis init" in err


def test_flags_have_one_row_per_example_and_kind(tamis: Tamis, tmp_path: Path) -> None:
    workspace, dataset, ids = tickets(tmp_path / "w")
    add_flags(workspace, dataset, [{"example_id": key, "suggested": "return"} for key in ids])
    mark_analysed(workspace, dataset)
    workspace.close()
    out = tmp_path / "flags.parquet"
    assert tamis("flags", "--dataset", "tickets", "--out", str(out))[0] == 0
    found = pl.read_parquet(out)
    assert found.columns == [
        *("example_id", "source_file", "source_row", "kind", "score"),
        *("given", "suggested", "reason", "flagged"),
    ]
    assert sorted(found["source_row"]) == [1, 2, 3, 4]


def test_the_label_map_can_be_read_and_written(tamis: Tamis, tmp_path: Path) -> None:
    workspace, dataset, (a, b, *_) = tickets(tmp_path / "w")
    add_slice(workspace, dataset, [b, a])
    add_overlap(workspace, dataset, "refund", "return")
    add_quality(workspace, dataset, "return", None)
    add_quality(workspace, dataset, "refund", 0.75)
    mark_analysed(workspace, dataset)
    workspace.close()
    assert "“parcel”" in tamis("slices", "-d", "tickets")[1]
    assert json.loads(tamis("slices", "-d", "tickets", "--json")[1])[0]["example_ids"] == [b, a]
    for name in ("slices.csv", "slices.jsonl", "slices.parquet"):
        assert tamis("slices", "-d", "tickets", "-o", str(tmp_path / name))[0] == 0
    assert json.loads(pl.read_csv(tmp_path / "slices.csv")["example_ids"][0]) == [b, a]
    assert pl.read_ndjson(tmp_path / "slices.jsonl")["example_ids"].to_list() == [[b, a]]
    assert pl.read_parquet(tmp_path / "slices.parquet").schema == pl.Schema(SLICE_SCHEMA)
    overlap = json.loads(tamis("overlaps", "-d", "tickets", "--json")[1])[0]
    assert (overlap["label"], overlap["other"]) == ("refund", "return")
    trust = json.loads(tamis("label-quality", "-d", "tickets", "--json")[1])
    assert [(row["label"], row["label_quality"]) for row in trust] == [
        ("refund", 0.75),
        ("return", None),
    ]


def test_where_nothing_stands_out_it_says_so(tamis: Tamis, tmp_path: Path) -> None:
    workspace, dataset, _ = tickets(tmp_path / "w")
    mark_analysed(workspace, dataset)
    workspace.create_dataset("talk", Task.CHAT)
    workspace.create_dataset("new", Task.SINGLE_LABEL)
    workspace.close()
    for command in ("slices", "overlaps", "label-quality"):
        code, _, error = tamis(command, "-d", "new")
        assert code == 2
        assert "never analysed" in error
        code, _, error = tamis(command, "-d", "talk")
        assert code == 2
        assert "no labels" in error
    assert tamis("slices", "-d", "tickets")[1] == "No group of examples stands out.\n"
    assert tamis("slices", "-d", "tickets", "--json")[1] == "[]\n"
    assert tamis("overlaps", "-d", "tickets")[1] == "No two labels stand out.\n"
    assert tamis("label-quality", "-d", "tickets")[1] == "No label has been judged.\n"


def test_the_ranking_of_labels_is_kept_and_scores_anew(tamis: Tamis, tmp_path: Path) -> None:
    tamis("init", str(tmp_path / "w"))
    file = csv(tmp_path / "a.csv", *[f"text number {n},{'xy'[n % 2]}" for n in range(12)])
    tamis("import", file, "-d", "d", "--task", "single-label")

    def steps(*more: str) -> dict[str, str]:
        _, out, _ = tamis("analyze", "-d", "d", "--json", *more)
        return {row["step"]: row["state"] for row in json.loads(out.splitlines()[0])}

    assert set(steps().values()) == {"done"}
    assert steps("--label-score", "self_confidence") == {
        "flags": "done",
        "embed": "up to date",
        "duplicates": "up to date",
    }
    assert set(steps().values()) == {"up to date"}
    with Workspace.open(tmp_path / "w") as opened:
        assert opened.dataset("d").settings.label_score == "self_confidence"
        opened.create_dataset("chats", Task.CHAT)
    code, _, err = tamis("analyze", "-d", "d", "--label-score", "margin")
    assert (code, "confidence_weighted_entropy" in err) == (2, True)
    code, _, err = tamis("analyze", "-d", "chats", "--label-score", "self_confidence")
    assert (code, "for single labels" in err) == (2, True)


def test_verify_finds_a_decision_that_only_one_witness_has(tamis: Tamis, tmp_path: Path) -> None:
    workspace, dataset, (a, *_) = tickets(tmp_path / "w")
    workspace.store.decide([operation(dataset, a, action) for action in ("skip", "exclude")])  # type: ignore[arg-type]
    workspace.close()
    assert tamis("verify")[0] == 0
    journal = tmp_path / "w" / "decisions.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"skip"', b'"keep"'))
    code, out, _ = tamis("verify")
    assert code == 1
    assert "line 1: its content does not match" in out


def test_export_and_its_verification(tamis: Tamis, tmp_path: Path) -> None:
    file = csv(tmp_path / "a.csv", *[f"text number {n},{'xy'[n % 2]}" for n in range(40)])
    tamis("init", str(tmp_path / "w"))
    tamis("import", file, "--dataset", "d", "--task", "single-label")
    out = tmp_path / "out"
    code, _, err = tamis("export", "-d", "d", "-f", "text-label", "-o", str(out))
    assert code == 2
    assert "tamis analyze" in err
    tamis("analyze", "-d", "d")
    code, printed, _ = tamis("export", "-d", "d", "-f", "text-label", "-o", str(out))
    assert code == 0
    assert "train.jsonl" in printed
    assert tamis("verify", str(out))[0] == 0
    with (out / "train.jsonl").open("a") as file_out:
        file_out.write("{}\n")
    assert tamis("verify", str(out))[0] == 1
    assert tamis("export", "-d", "d", "-o", str(out))[0] == 2


def test_a_port_in_use_is_said_before_the_app_starts(tamis: Tamis, tmp_path: Path) -> None:
    tamis("init", str(tmp_path / "w"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = tamis("app", "--port", str(port))
    assert code == 1
    assert f"Port {port} is in use" in err
    assert f"--port {port + 1}" in err


def test_what_people_set_apart_is_listed_and_taken_back(tamis: Tamis, tmp_path: Path) -> None:
    workspace, dataset = make(tmp_path / "w")
    act = triage.separate(workspace, dataset, "ann", ["e004", "e005"]).batch
    workspace.close()
    command = ("set-apart", "-d", "tickets")
    found = json.loads(tamis(*command, "--json")[1])
    assert [(one["act"], one["annotator"], one["texts"]) for one in found] == [
        (act, "ann", ["send the lamp back", "send back the lamp"])
    ]
    assert "send back the lamp" in tamis(*command)[1]
    code, _, error = tamis(*command, "--take-back", act)
    assert code == 2
    assert "--by NAME" in error
    assert (
        "1 pair may be duplicates again." in tamis(*command, "--take-back", act, "--by", "bob")[1]
    )
    assert "Nothing is set apart." in tamis(*command)[1]
    code, _, error = tamis(*command, "--take-back", act, "--by", "bob")
    assert code == 2
    assert "taken back already" in error


def test_a_spreadsheet_formula_stays_text_in_csv_only(tmp_path: Path) -> None:
    frame = pl.DataFrame({"given": ["=1+1", "@x", "fine"], "score": [-0.5, 0.0, 1.0]})
    write_table(frame, tmp_path / "a.csv")
    write_table(frame, tmp_path / "a.jsonl")
    assert pl.read_csv(tmp_path / "a.csv")["given"].to_list() == ["'=1+1", "'@x", "fine"]
    assert pl.read_csv(tmp_path / "a.csv")["score"].to_list() == [-0.5, 0.0, 1.0]
    assert pl.read_ndjson(tmp_path / "a.jsonl").equals(frame)


def test_a_workspace_can_be_used_from_python(tmp_path: Path) -> None:
    workspace, dataset, _ = tickets(tmp_path / "w")
    workspace.close()
    with Workspace.open(tmp_path / "w") as opened:
        assert opened.dataset("tickets") == dataset
        assert opened.labels(dataset)["name"].to_list() == ["refund", "return"]
