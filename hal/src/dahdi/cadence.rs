//! Our ring cadence in the kernel's form.

use crate::port::RingCadence;

/// A burst without end: a day.
const ENDLESS_MS: i32 = 86_400_000;

/// On and off times for `SETCADENCE`. The kernel wants whole pairs: for a missing off it takes the tone zone's times. With
/// an odd number of parts the last burst and the first one are one, so the repeated part (marked by a negative time) begins
/// with their sum.
pub(super) fn to_kernel(cadence: &RingCadence) -> Option<[i32; 16]> {
    let parts = cadence.parts();
    let mut times = [0; 16];
    match parts {
        [] => return None,
        [_] => {
            times[0] = ENDLESS_MS;
            times[1] = 1;
        }
        [pairs @ .., last] if parts.len() % 2 == 1 => {
            let (once, repeated) = times.split_at_mut(pairs.len());
            fill(once, pairs);
            fill(repeated, pairs);
            if let (Some(joint), Some(first)) = (repeated.first_mut(), pairs.first()) {
                *joint = -(i32::from(*last) + i32::from(*first));
            }
        }
        pairs => fill(&mut times, pairs),
    }
    Some(times)
}

fn fill(to: &mut [i32], from: &[u16]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = i32::from(*from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(parts: &[u16]) -> Vec<i32> {
        let mut parts_ms = [0; 8];
        parts_ms[..parts.len()].copy_from_slice(parts);
        let times = to_kernel(&RingCadence { parts_ms }).unwrap_or_default();
        times.into_iter().take_while(|&t| t != 0).collect()
    }

    #[test]
    fn pairs_pass_as_they_are() {
        assert_eq!(kernel(&[2000, 4000]), [2000, 4000]);
        assert_eq!(kernel(&[400, 200, 400, 2000]), [400, 200, 400, 2000]);
        let full = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(kernel(&full), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn an_odd_cadence_joins_its_last_burst_with_the_first_of_the_next_round() {
        assert_eq!(kernel(&[300, 200, 500]), [300, 200, -800, 200]);
        let seven = [1, 2, 3, 4, 5, 6, 7];
        assert_eq!(kernel(&seven), [1, 2, 3, 4, 5, 6, -8, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn one_part_rings_on_and_on_and_none_is_no_cadence() {
        assert_eq!(kernel(&[1500]), [ENDLESS_MS, 1]);
        assert_eq!(to_kernel(&RingCadence { parts_ms: [0; 8] }), None);
    }
}
