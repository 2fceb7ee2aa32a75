//! What the hashes build beforehand.

use super::super::maglev::LENGTHS;
use super::*;
use crate::pool::key::key_of;

#[test]
fn a_table_of_maglev_has_a_prime_length() {
    for length in LENGTHS {
        assert!((2..=length.isqrt()).all(|divisor| !length.is_multiple_of(divisor)), "{length}");
    }
}

#[test]
fn points_of_a_ring_are_some_hundred_each_and_not_too_many_in_all() {
    for (weights, points) in [
        (vec![1; 2], 1024),
        (vec![1; 10], 5120),
        (vec![100; 10], 4000),
        (vec![256; 2], 1024),
        (vec![1; 1000], 128_000),
        (vec![256; 1000], 128_000),
    ] {
        assert_eq!(
            RingHash::new(&members(&weights), None).points(),
            points,
            "{} members",
            weights.len()
        );
    }
}

#[test]
fn a_member_of_a_thousandth_of_the_weight_is_found_when_it_is_the_only_one_left() {
    for algorithm in HASHES {
        let mut weights = vec![256; 500];
        weights[77] = 1;
        let tier = tier(algorithm, &weights);
        for index in (0..500).filter(|index| *index != 77) {
            take_out(&tier, index);
        }
        let views = look(&tier);
        let mut rng = fastrand::Rng::with_seed(7);
        for key in 0..100u32 {
            let hash = Some(key_of(&key.to_be_bytes()));
            let candidates = Candidates { hash, ..candidates(&tier, &views) };
            assert_eq!(tier.balance().choose(&candidates, &mut rng), Some(77));
        }
    }
}
