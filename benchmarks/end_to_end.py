"""Import, analyse and export one labelled file by the command line: time and memory of each step.

    python benchmarks/end_to_end.py FILE [--text-column text] [--label-column label] [--json]

Memory is the peak resident set of the largest single process of the step.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def run(workspace: Path, *arguments: str) -> dict[str, float | str]:
    """Run one tamis command; its wall and CPU seconds and its peak memory in MB."""
    wall, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, __file__, "--measured", *arguments],
        check=True,
        env={**os.environ, "TAMIS_WORKSPACE": str(workspace)},
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = json.loads((workspace.parent / "peak.json").read_text())
    return {
        "step": arguments[0],
        "wall_s": round(time.monotonic() - wall, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mb": round(peak / 1024),
    }


def measured(arguments: list[str]) -> int:
    """Run tamis in a child of this process and leave the peak memory of its largest process."""
    code = subprocess.run(
        [sys.executable, "-m", "labeling.cli", *arguments], check=False
    ).returncode
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    (Path(os.environ["TAMIS_WORKSPACE"]).parent / "peak.json").write_text(str(peak))
    return code


def main() -> int:
    """Entry point."""
    if sys.argv[1:2] == ["--measured"]:
        return measured(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        columns = ["--text", chosen.text_column, "--label", chosen.label_column]
        steps = [
            run(workspace, "init", str(workspace)),
            run(
                workspace,
                *("import", str(chosen.file), "--dataset", "bench", "--task", "single-label"),
                *columns,
            ),
            run(workspace, "analyze", "--dataset", "bench"),
            run(
                workspace,
                *("export", "--dataset", "bench", "--format", "openai-chat"),
                *("--out", str(Path(folder) / "export")),
            ),
        ]
    if chosen.json:
        print(json.dumps(steps))
    else:
        print(f"{'step':10}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}")
        for step in steps:
            print(f"{step['step']:10}{step['wall_s']:>10}{step['cpu_s']:>10}{step['peak_mb']:>10}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
