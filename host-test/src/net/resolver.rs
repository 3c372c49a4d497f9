//! Finds the addresses of a server's name.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tokio::sync::Semaphore;
use tower_service::Service;

use super::Failure;
use super::addresses::is_elsewhere;

/// A future of a connection or of a part of it.
pub(super) type Made<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

/// How many names a tenant may resolve at the same time. The system's resolver occupies a thread
/// for each, and cannot be stopped. All tenants share these threads.
const AT_A_TIME: usize = 4;

/// The system's resolver. It maps its errors to [`Failure::Dns`], so that they can be recognized,
/// and leaves out the addresses that may not be reached.
#[derive(Clone)]
pub(super) struct Resolver<S = GaiResolver> {
    system: S,
    places: Arc<Semaphore>,
    public_only: bool,
}

impl Resolver {
    pub(super) fn new(public_only: bool) -> Resolver {
        Resolver::over(GaiResolver::new(), public_only)
    }
}

impl<S> Resolver<S> {
    fn over(system: S, public_only: bool) -> Resolver<S> {
        Resolver { system, places: Arc::new(Semaphore::new(AT_A_TIME)), public_only }
    }
}

impl<S> Service<Name> for Resolver<S>
where
    S: Service<Name, Response: Iterator<Item = SocketAddr>, Future: Send> + Clone + Send + 'static,
{
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Failure;
    type Future = Made<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Resolver { mut system, places, public_only } = self.clone();
        Box::pin(async move {
            let place = places.acquire_owned().await.map_err(|_| Failure::Dns)?;
            // If the request ends before, its thread still keeps the place.
            let resolving = tokio::spawn(async move {
                let resolved = system.call(name).await.map(Vec::from_iter);
                drop(place);
                resolved.map_err(|_| Failure::Dns)
            });
            let addresses = resolving.await.unwrap_or(Err(Failure::Dns))?;
            Ok(permitted(addresses, public_only)?.into_iter())
        })
    }
}

/// Returns the addresses that may be reached; fails if there are others only.
fn permitted(
    mut addresses: Vec<SocketAddr>,
    public_only: bool,
) -> Result<Vec<SocketAddr>, Failure> {
    if public_only && !addresses.is_empty() {
        addresses.retain(|address| is_elsewhere(address.ip()));
        if addresses.is_empty() {
            return Err(Failure::NotPublic);
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn of_a_names_addresses_only_the_public_ones_are_tried() {
        let both = vec![SocketAddr::from(([10, 0, 0, 1], 0)), SocketAddr::from(([8, 8, 8, 8], 0))];
        assert_eq!(permitted(both.clone(), true), Ok(both[1..].to_vec()));
        assert_eq!(permitted(both[..1].to_vec(), true), Err(Failure::NotPublic));
        assert_eq!(permitted(both.clone(), false), Ok(both));
        assert_eq!(permitted(Vec::new(), true), Ok(Vec::new()));
    }

    /// A resolver that waits for a permit before each answer.
    #[derive(Clone)]
    struct Slow(Arc<Semaphore>);

    impl Service<Name> for Slow {
        type Response = std::vec::IntoIter<SocketAddr>;
        type Error = Failure;
        type Future = Made<Self::Response>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            let answers = Arc::clone(&self.0);
            Box::pin(async move {
                answers.acquire().await.map_err(|_| Failure::Dns)?.forget();
                Ok(vec![SocketAddr::from(([8, 8, 8, 8], 0))].into_iter())
            })
        }
    }

    #[tokio::test]
    async fn requests_that_were_given_up_still_count_as_being_resolved() {
        let answers = Arc::new(Semaphore::new(0));
        let mut resolver = Resolver::over(Slow(Arc::clone(&answers)), false);
        let mut resolve = || resolver.call("acme.retool.example".parse().expect("a name"));
        for _ in 0..AT_A_TIME {
            let given_up = tokio::time::timeout(Duration::ZERO, resolve()).await;
            assert!(given_up.is_err());
        }
        let mut next = tokio::spawn(resolve());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!next.is_finished());
        // The other threads end, and then the next request's own.
        answers.add_permits(AT_A_TIME + 1);
        let found = (&mut next).await.expect("no panic").expect("an address");
        assert_eq!(found.count(), 1);
    }
}
