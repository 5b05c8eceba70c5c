//! The requests of one HTTP/2 connection, each on a task of its own.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::rt::Executor;
use tokio::task::JoinSet;

use super::report_panic;

/// Where hyper puts them. They end with their connection, when the last clone of this is dropped, and one that panics is
/// told of. On tasks that nobody holds, neither would be sure.
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
