"""The numbers of the best shares as CSV: one line a measure."""

import csv
from pathlib import Path

from figures.optimum.findings import Finding, Findings
from figures.optimum.laws import LAWS


def write_csv(findings: Findings, out: Path) -> Path:
    """Write optimum.csv into the folder; shares are in percent, parts of draws too. Returns the file."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / "optimum.csv"
    rows = [_row(finding, findings.measured.scale) for finding in findings.found]
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file


def _row(finding: Finding, scale: str) -> dict[str, str]:
    target, observed, optimum, left_out = finding.target, finding.observed, finding.optimum, finding.left_out
    numbers = {
        "best_percent": 100 * optimum.share,
        "best_low_percent": 100 * optimum.low,
        "best_high_percent": 100 * optimum.high,
        "predicted": optimum.predicted,
        "predicted_low": optimum.predicted_low,
        "predicted_high": optimum.predicted_high,
        "draws_at_0_percent": 100 * optimum.at_none,
        "draws_at_100_percent": 100 * optimum.at_all,
        **{f"draws_beating_{100 * share:.0f}_percent": 100 * part for share, part in optimum.beats.items()},
        "next_run_percent": None if finding.next_run.share is None else 100 * finding.next_run.share,
        "interval_now_points": 100 * finding.next_run.now,
        "interval_after_points": 100 * finding.next_run.least,
        **{f"left_out_error_inner_{_word(law)}": left_out.error(law, inner=True) for law in LAWS},
        **{f"left_out_error_ends_{_word(law)}": left_out.error(law, inner=False) for law in LAWS},
        "seed_error": left_out.seed_error,
    }
    words = {
        "scale": scale,
        "measure": target.name,
        "unit": target.unit,
        "law": target.law,
        "shares_percent": " ".join(f"{100 * share:g}" for share in observed.shares),
        "runs": str(int(observed.counts.sum())),
        "noise": optimum.noise.source,
        "better_law": left_out.better,
    }
    return words | {name: "" if value is None else f"{value:.6g}" for name, value in numbers.items()}


def _word(law: str) -> str:
    return law.replace(" ", "_")
