"""Whether curating makes a better model: one dataset, raw and curated, on one frozen test split.

    make prove        (or: python -m benchmarks.prove [--folder FOLDER] [--steps 72] …)

SmolLM2-135M-Instruct is fine-tuned by TRL with the configuration that each export carries, once on
the raw rows, once after a review of what Tamis flagged and without copies, and once after a review
of as many rows drawn by lot; a logistic regression on Tamis's embeddings is trained on the same
exports, for several seeds. `exports.model_comparison` compares the answers. What is done already in
FOLDER is not done again, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

from benchmarks.prove_data import (
    ARMS,
    Plan,
    Tickets,
    export_folder,
    facts,
    model_folder,
    prepare,
    tickets,
)
from benchmarks.prove_model import Training, run, train, write_answers
from exports.contents import read_contents
from exports.model_comparison import compare

UNTRAINED = "untrained"
PENALTY = 10.0
"""C of the logistic regression, as elsewhere in these benchmarks."""
TESTED = 1
"""The seed whose exports the language model is trained on."""


def main() -> None:
    """Do what is missing, then print the tables in Markdown."""
    chosen = parse()
    plan = Plan(chosen.labels, chosen.longest, chosen.noise, chosen.test, chosen.budget)
    training = Training(chosen.steps)
    folder: Path = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    refuse_another(folder, plan, training, chosen.seeds)
    file = tickets(plan)
    prepare(folder, file, plan, range(1, chosen.seeds + 1))
    for seed in range(1, chosen.seeds + 1):
        for arm in ARMS:
            probe(folder, file, arm, seed)
    fine_tune(folder, training, chosen.jobs)
    show(folder, file, chosen.seeds)


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=Path("test-results/prove"))
    parser.add_argument("--labels", type=int, default=Plan.labels, help="how many of the labels")
    parser.add_argument("--longest", type=int, default=Plan.longest, help="characters of a text")
    parser.add_argument("--noise", type=float, default=Plan.noise, help="share of wrong labels")
    parser.add_argument("--test", type=float, default=Plan.test, help="share of the test split")
    parser.add_argument("--budget", type=float, default=Plan.budget, help="share that is reviewed")
    parser.add_argument("--steps", type=int, default=Training.steps, help="updates of each arm")
    parser.add_argument("--seeds", type=int, default=5, help="of the probe, counted from 1")
    parser.add_argument("--jobs", type=int, default=2, help="arms that are trained at once")
    return parser.parse_args()


def refuse_another(folder: Path, plan: Plan, training: Training, seeds: int) -> None:
    """A folder holds one run: other options need another."""
    asked = json.dumps([repr(plan), repr(training), seeds])
    kept = folder / "options.json"
    if kept.exists() and kept.read_text("utf-8") != asked:
        raise SystemExit(f"{folder} has a run with other options: name another --folder.")
    kept.write_text(asked, "utf-8")


def answers_file(folder: Path, model: str, arm: str, seed: int) -> Path:
    """Where the answers of a model that was trained on an arm are."""
    return folder / "answers" / f"{model}-{arm}-{seed}.jsonl"


def probe(folder: Path, file: Tickets, arm: str, seed: int) -> None:
    """Answers of a logistic regression on the embeddings of an arm's train rows."""
    from sklearn.linear_model import LogisticRegression

    out = answers_file(folder, "probe", arm, seed)
    if out.exists():
        return
    out.parent.mkdir(exist_ok=True)
    rows = read_contents(export_folder(folder, arm, seed)).examples
    learnt, asked = rows.filter(split="train"), rows.filter(split="test")
    model = LogisticRegression(C=PENALTY, max_iter=2000)
    model.fit(file.vectors_of(learnt["text"].to_list()), learnt["output"].to_list())
    said = model.predict(file.vectors_of(asked["text"].to_list()))
    pairs = zip(asked["example_id"], said.tolist(), strict=True)
    write_answers(out, [{"example_id": one, "prediction": label} for one, label in pairs])


def fine_tune(folder: Path, training: Training, jobs: int) -> None:
    """Train the language model on each arm, and let all of them answer."""
    threads = max(1, (os.cpu_count() or 1) // jobs)
    log, model = folder / "model.log", model_folder(folder)
    run("-m", "benchmarks.prove_model", "unpack", str(model), cwd=folder, threads=threads, log=log)

    def one(arm: str) -> None:
        out = answers_file(folder, "smollm2", arm, TESTED)
        if out.exists():
            return
        started = time.monotonic()
        export = export_folder(folder, "raw" if arm == UNTRAINED else arm, TESTED)
        extra: list[str] = []
        if arm != UNTRAINED:
            adapter = folder / "adapters" / arm
            train(export, adapter, training, threads)
            extra = ["--adapter", str(adapter)]
        command = ("-m", "benchmarks.prove_model", "answer", str(model), str(export), str(out))
        run(*command, *extra, cwd=folder, threads=threads, log=folder / f"{arm}.log")
        minutes = (time.monotonic() - started) / 60
        print(f"{arm}: trained and asked in {minutes:.1f} minutes", flush=True)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, ["raw", "curated", "random", UNTRAINED]))


def show(folder: Path, file: Tickets, seeds: int) -> None:
    """Both tables: what each arm reaches, and what may be concluded from their differences."""
    of = {arm: facts(folder, file, arm, TESTED) for arm in ARMS}
    lines = ["| arm | train rows | of them wrong | reviewed | SmolLM2 | probe, mean of seeds |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    for arm in ARMS:
        counts = " | ".join(str(of[arm][name]) for name in ("train", "wrong", "reviewed"))
        probed = [accuracy(folder, "probe", arm, seed) for seed in range(1, seeds + 1)]
        reached = accuracy(folder, "smollm2", arm, TESTED)
        lines.append(f"| {arm} | {counts} | {reached:.1%} | {sum(probed) / seeds:.1%} |")
    base = accuracy(folder, "smollm2", UNTRAINED, TESTED)
    print(f"{of['raw']['test']} test rows, all verified. Untrained, SmolLM2 has {base:.1%}.\n")
    print("\n".join(lines), "\n")
    print("| model | seed | from | to | points (95 % interval) | McNemar p | verdict |")
    print("|---|---:|---|---|---:|---:|---|")
    for before, after in combinations(ARMS, 2):
        print(difference(folder, "smollm2", before, after, TESTED))
    for before, after in combinations(ARMS, 2):
        for seed in range(1, seeds + 1):
            print(difference(folder, "probe", before, after, seed))


def accuracy(folder: Path, model: str, arm: str, seed: int) -> float:
    """Share of the test rows that a model has right."""
    answers = answers_file(folder, model, arm, seed)
    measured = compare(export_folder(folder, "raw", seed), answers, answers, resamples=1)
    return float(measured.measures["tuned"][0])


def difference(folder: Path, model: str, before: str, after: str, seed: int) -> str:
    """One line of the second table."""
    found = compare(
        export_folder(folder, "raw", seed),
        answers_file(folder, model, before, seed),
        answers_file(folder, model, after, seed),
    )
    line = found.measures.row(0, named=True)
    points = (
        f"{100 * line['difference']:+.1f} ({100 * line['low']:+.1f} to {100 * line['high']:+.1f})"
    )
    verdict = line["verdict"].replace("the fine-tuned model", after)
    verdict = verdict.replace("the base model", before)
    chance = f"{found.mcnemar.p_value:.3g}"
    return f"| {model} | {seed} | {before} | {after} | {points} | {chance} | {verdict} |"


if __name__ == "__main__":
    main()
