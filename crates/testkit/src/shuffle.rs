//! What a network does to messages: another order, and some of them twice.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

/// The same items in another order, every third or so of them more than once. None is lost; the same
/// seed gives the same order.
#[must_use]
pub fn shuffle_and_repeat<T: Clone>(items: Vec<T>, seed: u64) -> Vec<T> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut told = items.clone();
    for item in items {
        while chance.random_ratio(1, 3) {
            told.push(item.clone());
        }
    }
    told.shuffle(&mut chance);
    told
}
