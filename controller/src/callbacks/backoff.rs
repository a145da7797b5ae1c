//! When a callback that did not arrive is tried again. Pure.

use std::time::Duration;

/// How often a callback is tried in all.
pub const TRIES: u32 = 10;

/// The pauses between the tries, as multiples of the first: 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 3 h, 6 h, 12 h
/// where the first is 5 s; a day, nearly.
const PAUSES: [u32; TRIES as usize - 1] = [1, 6, 24, 120, 360, 720, 2160, 4320, 8640];

/// How long to wait after so many tries, with `chance` from 0 to 1 spreading it by a fifth to both sides, so that those
/// who failed together do not come back together. `None` where it was the last.
pub fn pause(first: Duration, tries: u32, chance: f64) -> Option<Duration> {
    let step = usize::try_from(tries.checked_sub(1)?).ok()?;
    let pause = first.saturating_mul(*PAUSES.get(step)?);
    Some(pause.mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(5);

    #[test]
    fn pauses_grow_and_come_to_about_a_day() {
        let pauses: Vec<Duration> = (1..TRIES).map(|tries| pause(FIRST, tries, 0.5).unwrap()).collect();
        assert_eq!(pauses[0], FIRST);
        assert!(pauses.is_sorted());
        let hours = pauses.iter().sum::<Duration>().as_secs() / 3600;
        assert!((20..=24).contains(&hours), "{hours}");
    }

    #[test]
    fn the_last_try_is_the_last() {
        assert_eq!(pause(FIRST, TRIES, 0.5), None);
        assert_eq!(pause(FIRST, u32::MAX, 0.5), None);
        assert_eq!(pause(FIRST, 0, 0.5), None);
    }

    #[test]
    fn chance_spreads_by_a_fifth() {
        assert_eq!(pause(FIRST, 1, 0.0), Some(Duration::from_secs(4)));
        assert_eq!(pause(FIRST, 1, 1.0), Some(Duration::from_secs(6)));
    }
}
