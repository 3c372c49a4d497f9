//! A limit on requests per minute.

use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(60);

/// Requests per fixed window of a minute. A window begins with a request.
pub(super) struct Quota {
    limit: Option<u32>,
    window: Option<(Instant, u32)>,
}

impl Quota {
    /// Creates an unused quota; `None` for no limit.
    pub(super) fn new(limit: Option<u32>) -> Self {
        Quota { limit, window: None }
    }

    /// Counts a request. If it exceeds the limit, returns the seconds until the next window as the
    /// error.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), u64> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let (start, used) = match self.window {
            Some((start, used)) if now.duration_since(start) < WINDOW => (start, used),
            _ => (now, 0),
        };
        self.window = Some((start, used.saturating_add(1)));
        if used < limit {
            return Ok(());
        }
        let left = WINDOW.saturating_sub(now.duration_since(start));
        Err(left.as_millis().div_ceil(1000).max(1) as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Quota;

    #[test]
    fn a_window_allows_its_limit_and_the_next_window_starts_again() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut quota = Quota::new(Some(2));
        assert_eq!(quota.take(at(0)), Ok(()));
        assert_eq!(quota.take(at(10_000)), Ok(()));
        assert_eq!(quota.take(at(10_500)), Err(50));
        assert_eq!(quota.take(at(59_999)), Err(1));
        assert_eq!(quota.take(at(60_000)), Ok(()));
    }
}
