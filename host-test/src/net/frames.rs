//! Finds the frames in the bytes of an HTTP/2 connection, to count them.

/// The size of a frame's header: length (3 bytes), type, flags, stream (4 bytes).
const HEADER: usize = 9;

/// What a frame counts at least, in bytes. The HTTP library keeps about this much for each, however
/// small it is.
const LEAST: usize = 256;

/// Returns what a frame with a payload of this many bytes counts.
pub(super) fn cost(payload: usize) -> usize {
    payload.saturating_add(HEADER).max(LEAST)
}

/// The position in the stream of frames. A server's side of HTTP/2 begins with a frame.
#[derive(Debug, Default)]
pub(super) struct Frames {
    header: [u8; HEADER],
    /// How many bytes of the next header were received.
    received: usize,
    /// How many bytes of the last frame's payload have not been received.
    payload: usize,
}

impl Frames {
    /// Returns what the frames count whose headers end in these bytes.
    pub(super) fn cost(&mut self, mut bytes: &[u8]) -> usize {
        let mut sum: usize = 0;
        while !bytes.is_empty() {
            let skipped = self.payload.min(bytes.len());
            self.payload -= skipped;
            bytes = &bytes[skipped..];
            let taken = bytes.len().min(HEADER - self.received);
            self.header[self.received..][..taken].copy_from_slice(&bytes[..taken]);
            self.received += taken;
            bytes = &bytes[taken..];
            if self.received == HEADER {
                let [high, middle, low, ..] = self.header;
                self.payload = u32::from_be_bytes([0, high, middle, low]) as usize;
                self.received = 0;
                sum = sum.saturating_add(cost(self.payload));
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with this many bytes of payload.
    fn frame(payload: usize) -> Vec<u8> {
        let [_, high, middle, low] = (payload as u32).to_be_bytes();
        let mut frame = vec![high, middle, low, 0, 0, 0, 0, 0, 1];
        frame.resize(HEADER + payload, 0xff);
        frame
    }

    #[test]
    fn frames_are_counted_however_they_are_split() {
        let sizes = [0, 8, 300, 0, 0, 16_384, 70_000, 1];
        let bytes: Vec<u8> = sizes.into_iter().flat_map(frame).collect();
        let expected: usize = sizes.into_iter().map(cost).sum();
        for piece in [1, 2, 7, 8, 9, 10, 100, 4_096, bytes.len()] {
            let mut frames = Frames::default();
            let sum: usize = bytes.chunks(piece).map(|bytes| frames.cost(bytes)).sum();
            assert_eq!(sum, expected, "pieces of {piece}");
        }
    }

    #[test]
    fn small_frames_count_more_than_their_bytes() {
        assert_eq!(Frames::default().cost(&frame(0)), LEAST);
        assert_eq!(Frames::default().cost(&frame(8)), LEAST);
        assert_eq!(Frames::default().cost(&frame(1_000)), 1_009);
    }
}
