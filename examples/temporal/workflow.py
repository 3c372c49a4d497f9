"""The workflow: plan, wait for a decision, apply step by step."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities import TIMEOUT_SECONDS, call

RETRIES = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=10)


@dataclass
class Report:
    """What was done."""

    outcome: str = "nothing to do"
    digest: str = ""
    applied: int = 0
    already_so: int = 0
    # Steps that were not done, each with the reason.
    undone: list = field(default_factory=list)
    # The accounts that were disabled, deleted or stripped, for `restore`.
    tombstones: list = field(default_factory=list)


@workflow.defn
class Sync:
    """Brings an organisation in line with a roster, a step at a time.

    A worker that dies is replaced: Temporal replays what was recorded, and repeats at most one step,
    which is then `already-so`.
    """

    def __init__(self):
        self.plan = None
        self.approved = None

    @workflow.query
    def to_approve(self) -> dict | None:
        """Returns the plan, once there is one."""
        return self.plan

    @workflow.signal
    def decide(self, digest: str, approved: bool) -> None:
        """A person's decision about the plan with this digest. One about another plan is ignored."""
        if self.plan is not None and digest == self.plan["digest"]:
            self.approved = approved

    @workflow.run
    async def run(self, connection: str, request: dict, patience_hours: int = 72) -> Report:
        """`connection` is a name of the door's; `request` is that of `plan-sync`."""
        self.plan = await activity(connection, "synchronization/plan-sync", {"request": request})
        report = Report(digest=self.plan["digest"])
        if any(guard["tripped"] for guard in self.plan["guards"]):
            report.outcome = "withheld by a guard"
        elif self.plan["steps"]:
            try:
                patience = timedelta(hours=patience_hours)
                await workflow.wait_condition(lambda: self.approved is not None, timeout=patience)
            except asyncio.TimeoutError:
                self.approved = False
            if self.approved:
                report.outcome = await self.apply(connection, report)
            else:
                report.outcome = "not approved"
        return report

    async def apply(self, connection: str, report: Report) -> str:
        """Applies the steps in their order. After a step that was not done, the other steps of that
        person are left out. Ends if the connection can't be used."""
        left_alone = []
        for step in self.plan["steps"]:
            person = step["email"] or step["user"]
            if person is not None and person in left_alone:
                report.undone.append({"step": step, "reason": "an earlier step was not done"})
                continue
            denied = False
            try:
                result = await activity(connection, "synchronization/apply-step", {"step": step})
                if result["tombstone"] is not None:
                    report.tombstones.append(result["tombstone"])
                reason = (result["reason"] or "stale") if result["outcome"] == "stale" else None
                report.applied += result["outcome"] == "applied"
                report.already_so += result["outcome"] == "already-so"
            except ActivityError as error:
                cause = error.cause
                problem = cause.details[0] if isinstance(cause, ApplicationError) and cause.details else {}
                report.tombstones.extend(problem.get("tombstones", []))
                denied = problem.get("kind") == "denied"
                reason = str(cause)
            if reason is not None:
                report.undone.append({"step": step, "reason": reason})
                left_alone.append(person)
            if denied:
                return "stopped"
        return "carried out"


async def activity(connection: str, function: str, arguments: dict):
    """Calls a function of the door as an activity of its own."""
    return await workflow.execute_activity(
        call,
        args=[function, {"connection": connection, **arguments}],
        start_to_close_timeout=timedelta(seconds=TIMEOUT_SECONDS + 20),
        retry_policy=RETRIES,
        summary=function,
    )
