"""The whole campaign: each command in turn, what one makes being what the next one reads."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.load.tiny import tiny_corpus
from tests.torture.campaign import Campaign, Kill
from tests.torture.commands import RUN, Victim, evaluation, grid, preparation, training
from tests.torture.moments import divided, moments
from tests.torture.table import every_kill, sentence, table


@dataclasses.dataclass(frozen=True)
class Report:
    """What a campaign found."""

    kills: list[Kill]
    lives: int
    faults: list[str]

    @property
    def told(self) -> str:
        """The table of outcomes, the faults and the sentence."""
        return "\n".join(["", table(self.kills), "", *self.faults, sentence(self.kills, self.lives, self.faults)])

    @property
    def markdown(self) -> str:
        """The same with each kill by itself."""
        return f"{self.told}\n\n{every_kill(self.kills)}\n"


def whole_campaign(
    scratch: Path,
    *,
    kills: int,
    until_s: float,
    seed: int,
    only: Sequence[str] = (),
    say: Callable[[str], None] = lambda line: print(line, flush=True),
) -> Report:
    """Kill each of the commands, or `only` some, in a new folder; `until_s` is of the monotonic clock.

    The time is shared by the kills; a command that needs what another makes lets it make that once, unkilled.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    corpus, shards = tiny_corpus(scratch / "corpus"), scratch / "prepare/1/out"
    run = scratch / "train/1/runs" / RUN
    victims = [preparation(corpus), training(shards), grid(shards), evaluation(run, shards)]
    chosen = [victim for victim in victims if not only or victim.name in only]
    shares = divided(kills, {victim.name: victim.weight for victim in chosen})
    found: list[Campaign] = []
    left = kills
    for victim in victims:
        if victim not in chosen and not _needed(victim, chosen):
            continue
        campaign = Campaign(victim, scratch, compiled=scratch / "compiled", say=say)
        found.append(campaign)
        try:
            campaign.measure()
            if victim in chosen:
                now_s, mine = time.monotonic(), shares[victim.name]
                share_s = max(0.0, until_s - now_s) * mine / max(1, left)
                campaign.run(moments(victim.name, mine, seed=seed), until_s=now_s + share_s)
                left -= mine
        except BaseException:
            campaign.end()
            raise
    return _report(found)


def _report(found: Sequence[Campaign]) -> Report:
    faults = [fault for campaign in found for fault in campaign.faults]
    happened = [kill for campaign in found for kill in campaign.kills]
    faults += [f"{kill.command}, {kill.moment.how}: {fault}" for kill in happened for fault in kill.faults]
    # Two lives of each were measured and not killed.
    return Report(happened, sum(max(0, campaign.lives - 2) for campaign in found), faults)


def _needed(victim: Victim, chosen: Sequence[Victim]) -> bool:
    """All read shards, and the evaluation a run."""
    return victim.name == "prepare" or (victim.name == "train" and "eval" in {each.name for each in chosen})
