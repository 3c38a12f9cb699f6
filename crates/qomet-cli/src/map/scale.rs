//! How much room each piece of a file has in a picture: in proportion, but none so little that it is not seen.

/// The room of each of the pieces of these sizes, `room` in all and `least` for the smallest; `None` if there is not as
/// much.
pub(super) fn spans(sizes: &[u64], room: usize, least: usize) -> Option<Vec<usize>> {
    let rest = room.checked_sub(sizes.len().checked_mul(least)?)? as u128;
    let total = sizes.iter().map(|size| u128::from(*size)).sum::<u128>().max(1);
    let mut spans = Vec::with_capacity(sizes.len());
    // Cut where the sum of the sizes so far says, so that what is rounded away does not add up.
    let (mut sum, mut before) = (0_u128, 0_usize);
    for size in sizes {
        sum += u128::from(*size);
        let until = usize::try_from((rest * sum + total / 2) / total).unwrap_or(room);
        spans.push(least + (until - before));
        before = until;
    }
    Some(spans)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_in_proportion() {
        assert_eq!(spans(&[1 << 30, 3 << 30], 40, 0), Some(vec![10, 30]));
    }

    #[test]
    fn the_smallest_is_seen_beside_the_largest() {
        assert_eq!(spans(&[u64::MAX, 1, u64::MAX], 21, 1), Some(vec![10, 1, 10]));
    }

    #[test]
    fn where_there_is_no_room_there_are_none() {
        assert_eq!(spans(&[1, 1, 1], 2, 1), None);
    }

    proptest! {
        #[test]
        fn all_room_is_used(sizes in proptest::collection::vec(any::<u64>(), 1..50), room in 50..500_usize) {
            let spans = spans(&sizes, room, 1).unwrap();
            prop_assert!(spans.iter().all(|span| *span >= 1));
            let expected = if sizes.iter().all(|size| *size == 0) { sizes.len() } else { room };
            prop_assert_eq!(spans.iter().sum::<usize>(), expected);
        }
    }
}
