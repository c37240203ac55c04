//! Owns comparing bytes: in blocks, without a branch for each length.

/// Bytes that are compared at once.
const BLOCK: usize = 32;

/// For each length below a block, which bytes count.
const MASKS: [[u64; 4]; BLOCK] = {
    let mut masks = [[0; 4]; BLOCK];
    let mut length = 0;
    while length < BLOCK {
        let mut byte = 0;
        while byte < length {
            masks[length][byte / 8] |= 0xff << (byte % 8 * 8);
            byte += 1;
        }
        length += 1;
    }
    masks
};

fn block(bytes: &[u8]) -> Option<&[u8; BLOCK]> {
    bytes.first_chunk()
}

#[inline]
fn words(block: &[u8; BLOCK]) -> [u64; 4] {
    let (words, _) = block.as_chunks::<8>();
    let word = |at: usize| u64::from_le_bytes(words[at]);
    [word(0), word(1), word(2), word(3)]
}

/// Whether the first `length` bytes are the same. Both need a block more than that, whatever it holds.
#[inline]
pub(super) fn same(left: &[u8], right: &[u8], length: usize) -> bool {
    let (mut left, mut right, mut length) = (left, right, length);
    loop {
        let (Some(ours), Some(theirs)) = (block(left), block(right)) else {
            return false;
        };
        let (ours, theirs) = (words(ours), words(theirs));
        if length < BLOCK {
            let mask = &MASKS[length];
            let differs = |at: usize| (ours[at] ^ theirs[at]) & mask[at];
            return differs(0) | differs(1) | differs(2) | differs(3) == 0;
        }
        if ours != theirs {
            return false;
        }
        (left, right, length) = (&left[BLOCK..], &right[BLOCK..], length - BLOCK);
    }
}

/// How many bytes both begin with.
pub(super) fn common(left: &[u8], right: &[u8]) -> usize {
    let blocks = left.chunks_exact(BLOCK).zip(right.chunks_exact(BLOCK));
    let equal = |(left, right): &(&[u8], &[u8])| match (block(left), block(right)) {
        (Some(left), Some(right)) => words(left) == words(right),
        _ => false,
    };
    let start = blocks.take_while(equal).count() * BLOCK;
    let rest = left[start..].iter().zip(&right[start..]);
    start + rest.take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, common, same};

    #[test]
    fn finds_a_difference_at_every_byte_and_none_behind_the_length() {
        for length in 0..100 {
            let left: Vec<u8> = (0..length).map(|at: usize| u8::try_from(at).unwrap()).collect();
            let padded = |mut text: Vec<u8>, slack: u8| {
                text.extend([slack; BLOCK]);
                text
            };
            assert!(same(&padded(left.clone(), 1), &padded(left.clone(), 2), length));
            assert_eq!(common(&left, &left), length);
            for at in 0..length {
                let mut right = left.clone();
                right[at] ^= 0x80;
                assert!(!same(&padded(left.clone(), 0), &padded(right.clone(), 0), length), "{length} {at}");
                assert_eq!(common(&left, &right), at);
            }
        }
    }
}
