"""Runs the workflow without a Temporal server: by replaying a history, as a worker does that takes
over from another."""

from dataclasses import asdict

from temporalio.api.common.v1 import ActivityType, Payloads, WorkflowType
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    Replayer,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

from workflow import Sync

# What the workflow of the last replay did.
calls = []
reports = []


class Recorder(Interceptor):
    """Records the activities that the workflow starts, and what it returns."""

    def workflow_interceptor_class(self, _):
        return Inbound


class Inbound(WorkflowInboundInterceptor):
    def init(self, outbound):
        super().init(Outbound(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput):
        report = await super().execute_workflow(input)
        reports.append(report)
        return report


class Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput):
        calls.append(tuple(input.args))
        return super().start_activity(input)


async def replayed(arguments, activities, decisions):
    """Replays the workflow with these arguments. `activities` are the calls that it must make: the
    function, the body and the result. After the first, `decisions` about digests are sent. Fails
    if the workflow makes other calls, or does not end. Returns its report as a dictionary."""
    convert = DataConverter.default
    events = []

    def add(kind, **attributes):
        number = len(events) + 1
        name = f"{kind.lower()}_event_attributes"
        event = HistoryEvent(event_id=number, event_type=getattr(EventType, f"EVENT_TYPE_{kind}"))
        event.event_time.FromSeconds(1_700_000_000 + number)
        getattr(event, name).SetInParent()
        for key, value in attributes.items():
            target = getattr(event, name)
            if isinstance(value, (int, str)):
                setattr(target, key, value)
            else:
                getattr(target, key).CopyFrom(value)
        events.append(event)
        return number

    def task():
        scheduled = add("WORKFLOW_TASK_SCHEDULED", task_queue=TaskQueue(name="retool"))
        started = add("WORKFLOW_TASK_STARTED", scheduled_event_id=scheduled)
        return add("WORKFLOW_TASK_COMPLETED", scheduled_event_id=scheduled, started_event_id=started)

    async def payloads(values):
        return Payloads(payloads=await convert.encode(values))

    add(
        "WORKFLOW_EXECUTION_STARTED",
        workflow_type=WorkflowType(name="Sync"),
        task_queue=TaskQueue(name="retool"),
        input=await payloads(arguments),
        original_execution_run_id="run",
        first_execution_run_id="run",
    )
    completed = task()
    for index, (function, body, result) in enumerate(activities):
        scheduled = add(
            "ACTIVITY_TASK_SCHEDULED",
            activity_id=str(index + 1),
            activity_type=ActivityType(name="call"),
            task_queue=TaskQueue(name="retool"),
            input=await payloads([function, body]),
            workflow_task_completed_event_id=completed,
        )
        started = add("ACTIVITY_TASK_STARTED", scheduled_event_id=scheduled)
        add(
            "ACTIVITY_TASK_COMPLETED",
            scheduled_event_id=scheduled,
            started_event_id=started,
            result=await payloads([result]),
        )
        completed = task()
        if index == 0 and decisions:
            timer = add("TIMER_STARTED", timer_id="1", workflow_task_completed_event_id=completed)
            for digest, approved in decisions.items():
                add(
                    "WORKFLOW_EXECUTION_SIGNALED",
                    signal_name="decide",
                    input=await payloads([digest, approved]),
                )
                completed = task()
            add(
                "TIMER_CANCELED",
                timer_id="1",
                started_event_id=timer,
                workflow_task_completed_event_id=completed,
            )
    add("WORKFLOW_EXECUTION_COMPLETED", workflow_task_completed_event_id=completed)

    calls.clear()
    reports.clear()
    replayer = Replayer(workflows=[Sync], interceptors=[Recorder()])
    await replayer.replay_workflow(WorkflowHistory("sync", events))
    assert calls == [(function, body) for function, body, _ in activities], calls
    # In the sandbox, the class of the report is another one than here.
    (report,) = reports
    return asdict(report)
