"""Processes that outlive their deaths: a spawn pool that rebuilds itself, and a Dask cluster.

The seam is `concurrent.futures.Executor`. This file imports nothing heavy: a new process begins
here.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from abm.errors import InvalidInput, UnwindError

DEATHS_ALONE = 2  # a chunk that killed a worker of its own this often is set aside
HOPELESS = 3  # chunks set aside before the first one succeeds
ONE_THREAD = (
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
ANSWER_SECONDS = 10
ASK_EVERY_SECONDS = 10.0  # how many workers a cluster has


class KilledWorker(Exception):
    """A chunk ended the process that worked on it, twice, while nothing else was running."""


class WorkersCannotLive(UnwindError):
    """No worker finishes anything: what kills them is not in the rows."""


class ClusterLost(UnwindError):
    """The scheduler of a cluster went away in the middle."""


@dataclass(eq=False)
class _Job:
    future: Future[Any]
    work: Callable[..., Any]
    args: tuple[Any, ...]
    deaths: int = 0
    is_suspect: bool = False


class RebuildingPool(Executor):
    """A spawn pool for chunks of work that may kill their process.

    When a worker dies, the standard pool is broken: everything in flight is lost. Here each piece
    that was in flight then is run again, alone, in a new pool; what kills its worker alone as well
    gets `KilledWorker` as its exception. One thread owns all of it, so nothing is locked.
    """

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self._inbox: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._pool: ProcessPoolExecutor | None = None
        self._waiting: deque[_Job] = deque()
        self._suspects: deque[_Job] = deque()
        self._running: dict[Future[Any], _Job] = {}
        self._is_broken = self._is_closed = False
        self._n_done = self._n_set_aside = 0
        self._owner = threading.Thread(target=self._own, name="sweep-pool", daemon=True)
        self._owner.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        """The future of `fn(*args)` in some process."""
        if named or self._is_closed:
            raise RuntimeError("give positional arguments, to a pool that is open")
        job = _Job(Future(), fn, args)
        self._inbox.put(("job", job))
        return job.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the pool; with `cancel_futures` also what is running is dropped."""
        self._is_closed = True
        self._inbox.put(("close", cancel_futures))
        if wait:
            self._owner.join()

    def _own(self) -> None:
        """All that happens to the pool, one thing after the other."""
        is_closing = False
        _hold_back_interrupts()
        with _one_thread_each():
            while not (is_closing and not (self._waiting or self._suspects or self._running)):
                what, content = self._inbox.get()
                if what == "job":
                    self._waiting.append(content)
                elif what == "ended":
                    self._ended(content)
                else:
                    is_closing = True
                    if content:
                        self._drop_all()
                self._hand_out()
            self._end_pool()

    def _hand_out(self) -> None:
        """Start what may be started now."""
        if self._is_broken and not self._running:
            self._end_pool()
        if self._is_broken:
            return  # until all that was in flight has been told
        if self._suspects:
            if not self._running:
                self._start(self._suspects.popleft())
            return
        while self._waiting and len(self._running) < self.n_workers and not self._is_broken:
            self._start(self._waiting.popleft())

    def _start(self, job: _Job) -> None:
        if not job.future.running() and not job.future.set_running_or_notify_cancel():
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.n_workers, mp_context=mp.get_context("spawn"), initializer=begin_worker
            )
        try:
            inner = self._pool.submit(job.work, *job.args)
        except BrokenProcessPool:  # a process died between two chunks
            self._is_broken = True
            self._waiting.appendleft(job)
            self._inbox.put(("ended", None))
            return
        self._running[inner] = job
        inner.add_done_callback(lambda ended: self._inbox.put(("ended", ended)))

    def _ended(self, inner: Future[Any] | None) -> None:
        job = self._running.pop(inner, None) if inner is not None else None
        if job is None or inner is None:
            return
        bad = inner.exception()
        if isinstance(bad, BrokenProcessPool):
            self._is_broken = True
            self._died(job)
        elif bad is not None:
            job.future.set_exception(bad)
        else:
            self._n_done += 1
            job.future.set_result(inner.result())

    def _died(self, job: _Job) -> None:
        """Among others any run may be the cause; alone there is no doubt."""
        job.deaths += job.is_suspect
        job.is_suspect = True
        if job.deaths < DEATHS_ALONE:
            self._suspects.append(job)
            return
        self._n_set_aside += 1
        if self._n_done == 0 and self._n_set_aside >= HOPELESS:
            job.future.set_exception(WorkersCannotLive(_HOPELESS))
        else:
            job.future.set_exception(KilledWorker(f"killed its worker {DEATHS_ALONE} times"))

    def _drop_all(self) -> None:
        for job in (*self._waiting, *self._suspects, *self._running.values()):
            if not job.future.cancel():
                job.future.set_exception(KilledWorker("dropped"))
        self._waiting.clear()
        self._suspects.clear()
        self._running.clear()
        self._end_pool(at_once=True)

    def _end_pool(self, at_once: bool = False) -> None:
        """Let the processes go; `at_once`: whatever they are doing."""
        if self._pool is not None:
            processes = list((self._pool._processes or {}).values()) if at_once else []
            self._pool.shutdown(wait=not at_once, cancel_futures=True)
            for process in processes:
                process.kill()
        self._pool, self._is_broken = None, False


@contextmanager
def own_processes(n_workers: int) -> Iterator[Executor]:
    """Our own processes; whatever goes wrong here, they end."""
    workers = RebuildingPool(n_workers)
    try:
        yield workers
    except BaseException:
        workers.shutdown(cancel_futures=True)
        raise
    workers.shutdown()


def n_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_HOPELESS = (
    f"the first {HOPELESS} chunks of runs killed their worker process and none has finished; there "
    "may be too little memory (make population.scale smaller, or use fewer --workers), or, in a "
    'script, the call that runs them must stand below `if __name__ == "__main__":`'
)


def begin_worker() -> None:
    """The first thing a worker does: leave Ctrl-C to its parent, and not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    parent = mp.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """A worker whose parent was killed would wait for it endlessly."""
    parent.join()
    os._exit(1)


def _hold_back_interrupts() -> None:
    """A process started from this thread does not hear Ctrl-C before it can ignore it.

    Python's own resource tracker goes first: it is started with the first process, and whoever
    starts it hears Ctrl-C again afterwards.
    """
    if hasattr(signal, "pthread_sigmask"):
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that start now calculate in one thread each: there is one process for each core."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """Executor of a Dask cluster, and how many chunks to hand out at once."""
    try:
        from dask.distributed import Client
    except ImportError:
        raise InvalidInput(
            "--cluster needs Dask; install it with: pip install 'carry-unwind[cluster]'"
        ) from None
    try:
        client: Any = Client(address, timeout=f"{ANSWER_SECONDS}s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as bad:
        raise InvalidInput(
            f"--cluster = {address}: no Dask scheduler answered within {ANSWER_SECONDS} seconds; "
            f"give its address as tcp://host:8786 ({_first_line(bad)})"
        ) from None
    try:
        yield client.get_executor(pure=False), _Size(client)
    finally:
        client.close()


class _Size:
    """Twice as many chunks as the workers of a cluster take; they may come and go."""

    def __init__(self, client: Any) -> None:
        self.client, self.size, self.asked = client, 1, -ASK_EVERY_SECONDS

    def __call__(self) -> int:
        if time.monotonic() - self.asked >= ASK_EVERY_SECONDS:
            self.asked = time.monotonic()
            self.size = 2 * max(1, sum(self.client.nthreads().values()))
        return self.size


def is_death(bad: BaseException) -> bool:
    """True if an exception says that the process died: ours, or Dask's own."""
    return type(bad).__name__ == "KilledWorker"


def fault_of(future: Future[Any]) -> BaseException | None:
    """The fault of a finished piece of work; a scheduler that is gone is told as such."""
    try:
        bad = future.exception()
    except CancelledError as cancelled:
        bad = cancelled
    if bad is None or is_death(bad):
        return bad
    if isinstance(bad, CancelledError) or type(bad).__module__.startswith("distributed"):
        return ClusterLost(
            f"the cluster was lost ({_first_line(bad)}); what was finished is kept, and the same "
            "command goes on from there"
        )
    return bad


def _first_line(bad: BaseException) -> str:
    return (str(bad) or type(bad).__name__).splitlines()[0][:120]
