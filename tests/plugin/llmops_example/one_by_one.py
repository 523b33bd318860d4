"""An engine: every task in the process of the runner, one after the other; a crash in one ends all."""

from llmops.engines import TaskOutcome


class OneByOne:
    def __init__(self, *, job, workers, silence_s, again) -> None:
        self._job = job
        self.on_progress = None
        self.draining = False

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        pass

    def drain(self) -> None:
        self.draining = True

    def map(self, tasks):
        do = self._job.open(0)
        for number, task in enumerate(tasks):
            if self.draining:
                return
            yield TaskOutcome(task=number, result=do(task, 1, self._told))

    def _told(self, records: int, size: int) -> None:
        if self.on_progress is not None:
            self.on_progress(records, size)
