//! The requests of one HTTP/2 connection, each on a task of its own.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::rt::Executor;
use tokio::task::JoinSet;

use super::report_panic;

/// Where hyper puts them. When the last clone is gone, what still runs is dropped: hyper's own would go on without a
/// connection to answer on.
#[derive(Clone, Default)]
pub(super) struct Streams {
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = tasks.try_join_next() {
            report_panic(ended);
        }
        tasks.spawn(stream);
    }
}
