//! A request's body that has to arrive in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

/// The body of a request; reading it fails once the server's body timeout has passed.
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    timeout: Duration,
    /// Set on the first read that has to wait: most bodies are here with their header and need no timer.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The peer took too long.
    #[error("the body did not arrive within {0:?}")]
    Timeout(Duration),
    /// The connection broke, or the body's framing is wrong.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

impl RequestBody {
    pub(super) fn new(body: Incoming, timeout: Duration) -> Self {
        Self { body, timeout, deadline: None }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)));
        }
        let deadline = this.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(this.timeout)));
        deadline.as_mut().poll(context).map(|()| Some(Err(BodyError::Timeout(this.timeout))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
