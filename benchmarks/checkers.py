"""Who finds which defect: our check and other checkers on the files of tests/exports/defects.

    python benchmarks/checkers.py [--python OTHER/bin/python]

Prints a Markdown table. A defect counts as caught where a checker refuses the file, warns of it or
fails; a valid file that it refuses is a false alarm. Each checker is asked only about shapes and
targets that it is for. The validators of `openai` 1.x object to every file without the separators
they want, so they catch everything. `datasets` runs here; `together`, `mistral-common` and `openai`
1.x run in the interpreter given with `--python`, which needs them installed (and pandas).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
Verdict = str | None
"""Why a checker objects; None where it does not."""


def ask_ours(path: Path, target: str) -> Verdict:
    """Our first fault."""
    from exports.check import check_file

    report = check_file(path, target)
    return str(report.faults[0]) if report.faults else None


def ask_datasets(path: Path, _target: str) -> Verdict:
    """Why `datasets` cannot load the file or hand out one of its rows."""
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as cache:
        loaded = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=cache)
        for _ in loaded:
            pass
    return None


def ask_together(path: Path, _target: str) -> Verdict:
    """What `together files check` says."""
    from together.lib.utils.files import check_file

    report = check_file(path)
    return None if report["is_check_passed"] else str(report["message"])


def ask_mistral(path: Path, _target: str) -> Verdict:
    """Why a conversation is no request for fine-tuning."""
    from mistral_common.protocol.instruct.messages import FinetuningAssistantMessage
    from mistral_common.protocol.instruct.request import ChatCompletionRequest
    from mistral_common.protocol.instruct.validator import (
        MistralRequestValidatorV3,
        ValidationMode,
    )

    validator = MistralRequestValidatorV3(mode=ValidationMode.finetuning)
    for line in path.read_text(encoding="utf-8").removesuffix("\n").split("\n"):
        row = json.loads(line)
        request = ChatCompletionRequest.from_openai(row["messages"], tools=row.get("tools"))
        request.messages = [
            FinetuningAssistantMessage(**message.model_dump(), weight=said["weight"])
            if "weight" in said and said["role"] == "assistant"
            else message
            for message, said in zip(request.messages, row["messages"], strict=True)
        ]
        validator.validate_request(request)
    return None


def ask_openai(path: Path, _target: str) -> Verdict:
    """The first error, necessary or optional remark of `openai tools fine_tunes.prepare_data`."""
    from openai.lib._validators import get_validators, read_any_format

    frame, remedy = read_any_format(str(path))
    said = remedy.error_msg or remedy.necessary_msg
    for validate in get_validators() if frame is not None and not said else ():
        remedy = validate(frame)
        said = remedy and (remedy.error_msg or remedy.necessary_msg or remedy.optional_msg)
        if said:
            break
    return said or None


CHECKERS: dict[str, Callable[[Path, str], Verdict]] = {
    "tamis check": ask_ours,
    "datasets, every row read": ask_datasets,
    "together check_file": ask_together,
    "mistral-common, finetuning": ask_mistral,
    "openai 1.x prepare_data": ask_openai,
}
HERE = ("tamis check", "datasets, every row read")
SHAPES = {
    "together check_file": ("messages", "prompt-completion", "text", "openai-preference"),
    "mistral-common, finetuning": ("messages",),
    "openai 1.x prepare_data": ("prompt-completion",),
}


def verdicts(name: str, files: list[list[str]]) -> list[Verdict]:
    """What a checker says of each (path, target); its failures count as objections."""
    found: list[Verdict] = []
    for path, target in files:
        try:
            found.append(CHECKERS[name](Path(path), target))
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}"[:200])
    return found


def ask(name: str, files: list[list[str]], python: str) -> list[Verdict] | None:
    """The same, in the interpreter that has the checker; None where there is none."""
    if name in HERE:
        return verdicts(name, files)
    done = subprocess.run(
        [python, __file__, "--worker", name],
        input=json.dumps(files),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    answer: list[Verdict] | None = json.loads(lines[-1]) if not done.returncode and lines else None
    missing = answer is None or all("ModuleNotFoundError" in str(said) for said in answer)
    return None if missing else answer


def shape_of(case: Any) -> str:
    """What the file would be without its defect; broken files of lines are chats or pairs."""
    for shape, key in (
        ("openai-preference", b'"preferred_output"'),
        ("messages", b'"messages"'),
        ("prompt-completion", b'"completion"'),
    ):
        if key in case.data[:4_000] and b"schemaVersion" not in case.data[:4_000]:
            return shape
    return "messages" if len(case.data) < 100 else "other"


def table(python: str) -> str:
    """Caught, missed and false alarms of every checker, and which defect it misses, in Markdown."""
    from tests.exports.defects import DEFECTS, VALID
    from tests.exports.defects.publish import write

    cases = [*DEFECTS, *VALID]
    lines = [
        "| checker | defects asked about | caught | missed | valid files | false alarms |",
        "|---|---|---|---|---|---|",
    ]
    details: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        files = [[str(write(case, Path(folder))), case.target] for case in cases]
        for name in CHECKERS:
            fits = [at for at, case in enumerate(cases) if _fits(name, case)]
            said = ask(name, [files[at] for at in fits], python)
            if said is None:
                details.append(f"- {name}: not installed")
                continue
            bad = [(cases[at], v) for at, v in zip(fits, said, strict=True) if cases[at].code]
            good = [(cases[at], v) for at, v in zip(fits, said, strict=True) if not cases[at].code]
            missed = [case.name for case, verdict in bad if verdict is None]
            alarms = [case.name for case, verdict in good if verdict is not None]
            caught = len(bad) - len(missed)
            lines.append(
                f"| {name} | {len(bad)} | {caught} | {len(missed)} | {len(good)} | {len(alarms)} |"
            )
            details.append(f"- {name} misses {', '.join(missed) or 'nothing'}")
            details.append(f"  false alarms: {', '.join(alarms) or 'none'}")
    return "\n".join([*lines, "", *details])


def _fits(name: str, case: Any) -> bool:
    if name not in SHAPES:
        return True
    return shape_of(case) in SHAPES[name] and case.target in ("any", name.partition(" ")[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--worker")
    chosen = parser.parse_args()
    if chosen.worker:
        print(json.dumps(verdicts(chosen.worker, json.load(sys.stdin))))
    else:
        sys.path.insert(0, str(ROOT))
        print(table(chosen.python))


if __name__ == "__main__":
    main()
