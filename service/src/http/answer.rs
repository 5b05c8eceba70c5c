//! An answer's body, which keeps its request in flight until it has been sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::activity::InFlight;

/// The body of an answer.
pub(super) struct AnswerBody<B> {
    body: Pin<Box<B>>,
    in_flight: InFlight,
    _turn: OwnedSemaphorePermit,
}

impl<B> AnswerBody<B> {
    pub(super) fn new(body: B, in_flight: InFlight, turn: OwnedSemaphorePermit) -> Self {
        Self { body: Box::pin(body), in_flight, _turn: turn }
    }
}

impl<B: Body> Body for AnswerBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        // Hyper asks for the next piece when the peer has room for more.
        self.in_flight.taken();
        let frame = self.body.as_mut().poll_frame(context);
        if let Poll::Ready(Some(Ok(_))) = frame {
            self.in_flight.hand_out();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
