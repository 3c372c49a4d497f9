//! Limits how many requests are in flight at once, to as many as the server can take.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::task::Poll;

use super::{Label, Local};
use crate::error::Result;

/// A response is slow if it takes longer than twice the baseline plus this. Jitter, and the
/// decoding of the responses before it, add this much on an idle server.
const SLACK_MS: u64 = 100;

/// Runs futures concurrently, up to a width that adapts. The width halves when the server
/// throttles or becomes slow. It grows by one after as many successes as the window is wide.
///
/// The client reports the outcome of every request to the window. Callers with many requests run
/// them in the window.
#[derive(Debug)]
pub struct Window {
    max: u32,
    width: Cell<u32>,
    /// The number of successes in this round. A round ends after as many successes as the window
    /// is wide.
    successes: Cell<u32>,
    /// How many of the successes in this round were slow.
    slow: Cell<u32>,
    /// The generation: how many times the window has shrunk. When the server throttles, it
    /// likely throttles all requests in flight. These must count as one reason to shrink.
    shrinks: Cell<u32>,
    /// How long requests of each kind normally take, in milliseconds.
    baselines_ms: RefCell<Vec<(Label, u64)>>,
    /// How many futures run besides the first one of each run. A future in a run may start a run of
    /// its own, whose first future takes its place.
    besides: Cell<u32>,
}

impl Window {
    /// Creates a window that starts at its maximum width.
    pub fn new(max: u32) -> Self {
        let max = max.max(1);
        Window {
            max,
            width: Cell::new(max),
            successes: Cell::new(0),
            slow: Cell::new(0),
            shrinks: Cell::new(0),
            baselines_ms: RefCell::default(),
            besides: Cell::new(0),
        }
    }

    /// Returns how many requests may be in flight now.
    pub fn width(&self) -> u32 {
        self.width.get()
    }

    /// Returns the current generation. A request that starts now reports its outcome with this
    /// generation.
    pub(super) fn generation(&self) -> u32 {
        self.shrinks.get()
    }

    /// Records that a request that started in `generation` was throttled.
    pub(super) fn throttled(&self, generation: u32) {
        if generation == self.shrinks.get() {
            self.shrink();
        }
    }

    /// Records that a request that started in `generation` succeeded after `took_ms`.
    pub(super) fn succeeded(&self, label: Label, generation: u32, took_ms: u64) {
        let slow = self.is_slow(label, took_ms);
        if generation != self.shrinks.get() {
            // Its latency belongs to the previous width, not to the current one.
            return;
        }
        self.successes.set(self.successes.get() + 1);
        self.slow.set(self.slow.get() + u32::from(slow));
        if self.successes.get() < self.width.get() {
            return;
        }
        if self.slow.get() * 2 > self.successes.get() {
            self.shrink();
            self.raise_baseline(label, took_ms);
        } else {
            self.width.set((self.width.get() + 1).min(self.max));
            self.start_round();
        }
    }

    fn shrink(&self) {
        self.shrinks.set(self.shrinks.get().wrapping_add(1));
        self.width.set((self.width.get() / 2).max(1));
        self.start_round();
    }

    fn start_round(&self) {
        self.successes.set(0);
        self.slow.set(0);
    }

    /// Returns whether `took_ms` is far longer than the baseline of this kind of request. Lowers
    /// the baseline to `took_ms` if that is shorter.
    fn is_slow(&self, label: Label, took_ms: u64) -> bool {
        let mut baselines = self.baselines_ms.borrow_mut();
        let Some((_, best)) = baselines.iter_mut().find(|(known, _)| *known == label) else {
            baselines.push((label, took_ms));
            return false;
        };
        *best = (*best).min(took_ms);
        took_ms > best.saturating_mul(2).saturating_add(SLACK_MS)
    }

    /// Raises the baseline of this kind of request. Otherwise a server that became slow for
    /// other reasons would keep the window at its minimum. Growing latency must shrink the
    /// window, but not latency that stays high.
    fn raise_baseline(&self, label: Label, took_ms: u64) {
        for (known, baseline) in &mut *self.baselines_ms.borrow_mut() {
            if *known == label {
                *baseline = baseline.midpoint(took_ms);
            }
        }
    }

    /// Runs `start(0)` to `start(count - 1)` and returns their results in that order. The first
    /// error ends the run: running futures are dropped, and no more are started.
    ///
    /// Runs may be nested. Together they have as many requests in flight as one.
    pub async fn run<'a, T>(
        &self,
        count: usize,
        mut start: impl FnMut(usize) -> Local<'a, Result<T>>,
    ) -> Result<Vec<T>> {
        let mut results = Vec::new();
        results.resize_with(count, || None);
        let results = RefCell::new(results);
        let mut start = |index| -> Local<'_, Result<()>> {
            let running = start(index);
            let results = &results;
            Box::pin(async move {
                let result = running.await?;
                results.borrow_mut()[index] = Some(result);
                Ok(())
            })
        };
        self.run_all(count, &mut start).await?;
        Ok(results.into_inner().into_iter().flatten().collect())
    }

    /// Like [`run`](Self::run), for any type of result. Each future stores its own result.
    async fn run_all<'a>(
        &self,
        count: usize,
        start: &mut dyn FnMut(usize) -> Local<'a, Result<()>>,
    ) -> Result<()> {
        let mut running = Running { window: self, futures: Vec::new() };
        let mut next = 0;
        poll_fn(|context| {
            loop {
                while next < count && running.has_room() {
                    running.push(start(next));
                    next += 1;
                }
                // There are no wakers, so it is unknown which future can continue. All are polled.
                let mut at = 0;
                while let Some(future) = running.futures.get_mut(at) {
                    match future.as_mut().poll(context) {
                        Poll::Pending => at += 1,
                        Poll::Ready(Ok(())) => running.remove(at),
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    }
                }
                // Finished futures make room for new ones. A new future must be polled before
                // this one returns `Pending`, or nothing would wake it.
                if next < count && running.has_room() {
                    continue;
                }
                return if running.futures.is_empty() {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                };
            }
        })
        .await
    }
}

/// Runs futures as [`Window::run`] does, or one after the other without a window.
pub async fn run_in<'a, T>(
    window: Option<&Window>,
    count: usize,
    start: impl FnMut(usize) -> Local<'a, Result<T>>,
) -> Result<Vec<T>> {
    match window {
        Some(window) => window.run(count, start).await,
        None => Window::new(1).run(count, start).await,
    }
}

/// The futures of one run.
struct Running<'w, 'a> {
    window: &'w Window,
    futures: Vec<Local<'a, Result<()>>>,
}

impl<'a> Running<'_, 'a> {
    /// Returns whether one more may be started. A run always has room for one.
    fn has_room(&self) -> bool {
        self.futures.is_empty() || self.window.besides.get() + 1 < self.window.width()
    }

    fn push(&mut self, future: Local<'a, Result<()>>) {
        let besides = &self.window.besides;
        besides.set(besides.get() + u32::from(!self.futures.is_empty()));
        self.futures.push(future);
    }

    fn remove(&mut self, at: usize) {
        drop(self.futures.remove(at));
        let besides = &self.window.besides;
        besides.set(besides.get() - u32::from(!self.futures.is_empty()));
    }
}

impl Drop for Running<'_, '_> {
    fn drop(&mut self) {
        while !self.futures.is_empty() {
            self.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::rc::Rc;
    use core::cell::RefCell;

    use super::super::{Clock, Method, Response};
    use super::*;
    use crate::error::{Code, Error};
    use crate::testing::platform::FakePlatform;

    fn fake() -> FakePlatform {
        FakePlatform::new(|_| Response::default().into())
    }

    /// Counts how many futures run now, and how many ran at most.
    #[derive(Default)]
    struct Meter {
        now: Cell<usize>,
        most: Cell<usize>,
    }

    struct Running(Rc<Meter>);

    impl Running {
        fn new(meter: &Rc<Meter>) -> Self {
            meter.now.set(meter.now.get() + 1);
            meter.most.set(meter.most.get().max(meter.now.get()));
            Running(Rc::clone(meter))
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            self.0.now.set(self.0.now.get() - 1);
        }
    }

    #[test]
    fn results_are_in_order_of_start_not_of_completion() {
        let fake = fake();
        let clock = fake.clock();
        let results = fake.run(async {
            Window::new(4)
                .run(9, |index| {
                    let clock = &clock;
                    Box::pin(async move {
                        clock.sleep(100 - 10 * index as u64).await;
                        Ok(index)
                    })
                })
                .await
        });
        assert_eq!(results, Ok((0..9).collect()));
    }

    /// Runs in a run share the window.
    #[test]
    fn nested_runs_have_as_many_futures_as_one() {
        for (max, people, pages) in [(1, 3, 3), (4, 2, 9), (4, 9, 3), (8, 3, 1)] {
            let fake = fake();
            let clock = fake.clock();
            let meter = Rc::new(Meter::default());
            let window = Window::new(max);
            let done = fake.run(window.run(people, |_| {
                let (window, clock, meter) = (&window, &clock, &meter);
                Box::pin(async move {
                    let page = |_| -> Local<'_, Result<()>> {
                        let running = Running::new(meter);
                        Box::pin(async move {
                            clock.sleep(100).await;
                            drop(running);
                            Ok(())
                        })
                    };
                    window.run(pages, page).await
                })
            }));
            assert_eq!(done.expect("no failure").len(), people);
            assert_eq!(meter.most.get(), (max as usize).min(people * pages), "{max}");
            assert_eq!(window.besides.get(), 0);
        }
    }

    #[test]
    fn at_most_width_futures_run_at_once() {
        for (max, count, rounds) in
            [(1, 6, 6), (2, 6, 3), (4, 6, 2), (64, 6, 1), (0, 2, 2), (5, 0, 0)]
        {
            let fake = fake();
            let clock = fake.clock();
            let meter = Rc::new(Meter::default());
            let done = fake.run(async {
                Window::new(max)
                    .run(count, |_| {
                        let running = Running::new(&meter);
                        let clock = &clock;
                        Box::pin(async move {
                            clock.sleep(10).await;
                            drop(running);
                            Ok(())
                        })
                    })
                    .await
            });
            assert_eq!(done.unwrap().len(), count);
            assert_eq!(meter.most.get(), count.min(max.max(1) as usize), "width {max}");
            assert_eq!(clock.monotonic_ms(), 10 * rounds, "width {max}");
        }
    }

    #[test]
    fn futures_that_are_ready_at_once_need_no_waiting() {
        let done = fake().run(async {
            Window::new(2).run(1000, |index| Box::pin(async move { Ok(index) })).await
        });
        assert_eq!(done.unwrap().len(), 1000);
    }

    #[test]
    fn the_first_error_ends_the_run_and_drops_the_rest() {
        let fake = fake();
        let clock = fake.clock();
        let meter = Rc::new(Meter::default());
        let started = RefCell::new(Vec::new());
        let result = fake.run(async {
            Window::new(3)
                .run(10, |index| {
                    started.borrow_mut().push(index);
                    let running = Running::new(&meter);
                    let clock = &clock;
                    Box::pin(async move {
                        clock.sleep(if index == 1 { 5 } else { 50 }).await;
                        drop(running);
                        if index == 1 { Err(Error::new(Code::ServerError, "one")) } else { Ok(()) }
                    })
                })
                .await
        });
        assert_eq!(result.unwrap_err().message, "one");
        assert_eq!(*started.borrow(), [0, 1, 2]);
        assert_eq!(clock.monotonic_ms(), 5);
        assert_eq!(meter.now.get(), 0);
    }

    #[test]
    fn a_change_of_width_applies_to_futures_that_start_later() {
        let fake = fake();
        let clock = fake.clock();
        let window = Window::new(8);
        let starts = RefCell::new(Vec::new());
        let done = fake.run(async {
            window
                .run(16, |index| {
                    starts.borrow_mut().push(clock.monotonic_ms());
                    if index == 7 {
                        window.throttled(window.generation());
                        window.throttled(window.generation());
                    }
                    let clock = &clock;
                    Box::pin(async move {
                        clock.sleep(10).await;
                        Ok(())
                    })
                })
                .await
        });
        assert!(done.is_ok());
        let at = |ms| starts.borrow().iter().filter(|start| **start == ms).count();
        assert_eq!([at(0), at(10), at(20), at(30), at(40)], [8, 2, 2, 2, 2]);
    }

    #[test]
    fn throttling_halves_the_width_once_for_all_requests_in_flight() {
        let window = Window::new(32);
        let generation = window.generation();
        for _ in 0..32 {
            window.throttled(generation);
        }
        assert_eq!(window.width(), 16);
        for width in [8, 4, 2, 1, 1] {
            window.throttled(window.generation());
            assert_eq!(window.width(), width);
        }
    }

    const LIST: Label = Label { method: Method::Get, template: "/users" };
    const FIND: Label = Label { method: Method::Get, template: "/users/{id}" };

    /// Reports as many successes as the window is wide.
    fn round(window: &Window, label: Label, took_ms: u64) {
        let generation = window.generation();
        for _ in 0..window.width() {
            window.succeeded(label, generation, took_ms);
        }
    }

    #[test]
    fn the_width_grows_by_one_per_round_of_successes_up_to_the_maximum() {
        let window = Window::new(4);
        window.throttled(window.generation());
        window.throttled(window.generation());
        let mut widths = Vec::new();
        for _ in 0..8 {
            widths.push(window.width());
            window.succeeded(LIST, window.generation(), 10);
        }
        assert_eq!(widths, [1, 2, 2, 3, 3, 3, 4, 4]);
        assert_eq!(window.width(), 4);
    }

    #[test]
    fn growing_latency_halves_the_width_which_grows_back() {
        let window = Window::new(8);
        round(&window, LIST, 20);
        for (took_ms, width) in [(140, 8), (141, 4), (141, 5), (20, 6), (20, 7), (20, 8)] {
            round(&window, LIST, took_ms);
            assert_eq!(window.width(), width, "after {took_ms} ms");
        }
    }

    #[test]
    fn latency_that_stays_high_does_not_keep_the_window_narrow() {
        let window = Window::new(8);
        round(&window, LIST, 10);
        let mut widths = Vec::new();
        for _ in 0..10 {
            round(&window, LIST, 1000);
            widths.push(window.width());
        }
        assert_eq!(widths, [4, 5, 6, 7, 8, 8, 8, 8, 8, 8]);
    }

    #[test]
    fn the_window_shrinks_if_most_of_a_round_is_slow() {
        let window = Window::new(4);
        round(&window, LIST, 10);
        for (slow, width) in [(1, 4), (2, 4), (3, 2)] {
            for at in 0..4 {
                window.succeeded(LIST, window.generation(), if at < slow { 9000 } else { 10 });
            }
            assert_eq!(window.width(), width, "{slow} of 4");
        }
    }

    #[test]
    fn requests_in_flight_when_the_window_shrank_do_not_shrink_it_again() {
        let window = Window::new(8);
        round(&window, LIST, 10);
        let generation = window.generation();
        for _ in 0..16 {
            window.succeeded(LIST, generation, 500);
        }
        assert_eq!(window.width(), 4);
    }

    #[test]
    fn each_kind_of_request_has_its_own_baseline() {
        let window = Window::new(4);
        round(&window, FIND, 5);
        for _ in 0..3 {
            round(&window, LIST, 400);
        }
        assert_eq!(window.width(), 4);
    }
}
