//! The request's body, with the size of each message read from its frame header.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf as _, Bytes};
use http_body::Frame;
use tokio::sync::oneshot;
use tonic::{Status, body::Body};

use super::refusal::Refusal;

/// gRPC's frame header: a flag and the length.
const HEADER: usize = 5;

/// A body that breaks off at the first message above the limit, and says so.
pub(super) struct Sized {
    inner: Body,
    limit: u32,
    header: [u8; HEADER],
    header_read: usize,
    message_left: u32,
    tell: Option<oneshot::Sender<u32>>,
}

impl Sized {
    /// Wraps a body; the receiver hears the size of the message that was too large.
    pub(super) fn new(inner: Body, limit: u32) -> (Self, oneshot::Receiver<u32>) {
        let (tell, told) = oneshot::channel();
        let body = Self {
            inner,
            limit,
            header: [0; HEADER],
            header_read: 0,
            message_left: 0,
            tell: Some(tell),
        };
        (body, told)
    }

    /// Follows the frames through a piece of the body.
    fn follow(&mut self, piece: &Bytes) -> Result<(), u32> {
        let mut rest = piece.clone();
        while rest.has_remaining() {
            if self.message_left > 0 {
                let left = usize::try_from(self.message_left).unwrap_or(usize::MAX);
                let step = left.min(rest.remaining());
                rest.advance(step);
                self.message_left -= u32::try_from(step).unwrap_or(self.message_left);
                continue;
            }
            if let Some(slot) = self.header.get_mut(self.header_read) {
                *slot = rest.get_u8();
                self.header_read += 1;
            }
            if self.header_read == HEADER {
                let [_flag, a, b, c, d] = self.header;
                let size = u32::from_be_bytes([a, b, c, d]);
                if size > self.limit {
                    return Err(size);
                }
                self.message_left = size;
                self.header_read = 0;
            }
        }
        Ok(())
    }
}

impl http_body::Body for Sized {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(piece) = frame.data_ref()
            && let Err(size) = self.follow(&piece.clone())
        {
            let limit = self.limit;
            if let Some(tell) = self.tell.take() {
                // Nobody listens any more once the response has begun.
                let _ = tell.send(size);
            }
            let status = Refusal::TooLarge { size, limit }.status();
            return Poll::Ready(Some(Err(status)));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a test may fail loudly")]
    use super::*;

    fn frames(sizes: &[u32]) -> Vec<u8> {
        sizes
            .iter()
            .flat_map(|size| {
                let mut frame = vec![0];
                frame.extend(size.to_be_bytes());
                frame.extend(std::iter::repeat_n(
                    7_u8,
                    usize::try_from(*size).unwrap_or(0),
                ));
                frame
            })
            .collect()
    }

    #[test]
    fn follows_frames_however_they_are_cut() {
        for cut in [1, 2, 3, 5, 7, 100] {
            let bytes = frames(&[0, 3, 10, 0, 9]);
            let (mut body, _told) = Sized::new(Body::empty(), 10);
            for piece in bytes.chunks(cut) {
                assert_eq!(body.follow(&Bytes::copy_from_slice(piece)), Ok(()), "{cut}");
            }
            let (mut body, _told) = Sized::new(Body::empty(), 9);
            let found = bytes
                .chunks(cut)
                .find_map(|piece| body.follow(&Bytes::copy_from_slice(piece)).err());
            assert_eq!(found, Some(10), "{cut}");
        }
    }
}
