//! A stream of which the beginning may be looked at before anybody reads it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What was looked at and not taken is read first.
pub(super) struct Rewound<S> {
    stream: S,
    unread: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Rewound<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// What was looked at so far.
    pub(super) fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// Looks further: at one byte or more.
    pub(super) async fn look(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.unread).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Takes away some of what was looked at: nobody reads it any more.
    pub(super) fn forget(&mut self, count: usize) {
        self.unread.drain(..count);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let count = self.unread.len().min(buffer.remaining());
        buffer.put_slice(&self.unread[..count]);
        self.forget(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewound<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_looked_at_is_read_once_and_before_the_rest() {
        let mut stream = Rewound::new(&b"PROXY hello"[..]);
        stream.look().await.expect("some bytes");
        assert_eq!(stream.unread(), b"PROXY hello");
        stream.forget(6);
        let mut first = [0; 2];
        stream.read_exact(&mut first).await.expect("two bytes");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.expect("the rest");
        assert_eq!((&first, rest.as_str()), (b"he", "llo"));
        assert_eq!(stream.look().await.expect_err("the end").kind(), io::ErrorKind::UnexpectedEof);
    }
}
