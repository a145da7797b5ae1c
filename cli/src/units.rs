//! Sizes and times as people write and read them.

/// The units of sizes, each 1024 times the one before.
const SIZE_UNITS: [(&str, u64); 4] = [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40)];

/// The units of times, in seconds.
const TIME_UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("min", 60.0), ("m", 60.0), ("h", 3600.0)];

/// Reads `64K`, `256M`, `1G`, `1.5G` or a number of bytes; `B` and `iB` may follow the unit.
pub fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split_number(text)?;
    let unit = unit.to_ascii_uppercase();
    let unit = unit.strip_suffix("IB").or(unit.strip_suffix('B')).unwrap_or(&unit);
    let factor = match unit {
        "" => 1,
        unit => SIZE_UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    let bytes = match number.parse::<u64>() {
        Ok(number) => number.checked_mul(factor)?,
        Err(_) => whole(number.parse::<f64>().ok()? * factor as f64)?,
    };
    (bytes > 0).then_some(bytes)
}

/// Reads `2s`, `500ms`, `1m`, `1h` or a number of seconds as in `1.5`.
pub fn parse_seconds(text: &str) -> Option<f64> {
    let (number, unit) = split_number(text)?;
    let factor = match unit {
        "" => 1.0,
        unit => TIME_UNITS.iter().find(|(name, _)| *name == unit)?.1,
    };
    let seconds = number.parse::<f64>().ok()? * factor;
    (seconds.is_finite() && seconds > 0.0).then_some(seconds)
}

/// Reads `30d`, `12h`, `15m` or a number of seconds, whole and at least one.
pub fn parse_ttl(text: &str) -> Option<u64> {
    const DAY: f64 = 24.0 * 3600.0;
    let seconds = match split_number(text)? {
        (number, "d") => number.parse::<f64>().ok()? * DAY,
        _ => parse_seconds(text)?,
    };
    whole(seconds).filter(|seconds| *seconds > 0)
}

/// The digits at the beginning, and what follows them.
fn split_number(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (!number.is_empty()).then(|| (number, unit.trim_start()))
}

fn whole(number: f64) -> Option<u64> {
    (number.is_finite() && number < u64::MAX as f64).then_some(number as u64)
}

/// `812 B`, `3.4 MB`, `256 MB`.
pub fn bytes(bytes: u64) -> String {
    match SIZE_UNITS.iter().rev().find(|(_, factor)| bytes >= *factor) {
        None => format!("{bytes} B"),
        Some((unit, factor)) => format!("{} {unit}B", short(bytes as f64 / *factor as f64, 1)),
    }
}

/// `12 ms`, `2.05 s`, `75 s`.
pub fn millis(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        _ => format!("{} s", short(ms as f64 / 1000.0, if ms < 10_000 { 2 } else { 1 })),
    }
}

/// The same for seconds.
pub fn seconds(seconds: f64) -> String {
    millis(whole((seconds * 1000.0).round()).unwrap_or(0))
}

/// With at most so many decimals, and none that say nothing.
pub fn short(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_read_in_days() {
        assert_eq!(parse_ttl("30d"), Some(30 * 86_400));
        assert_eq!(parse_ttl("12h"), Some(12 * 3600));
        assert_eq!(parse_ttl("90"), Some(90));
        for wrong in ["", "0", "0d", "500ms", "d", "forever"] {
            assert_eq!(parse_ttl(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn sizes_are_read_in_binary_units() {
        let sizes = [
            ("1048576", 1 << 20),
            ("64K", 64 << 10),
            ("256M", 256 << 20),
            ("256m", 256 << 20),
            ("256 MiB", 256 << 20),
            ("1GB", 1 << 30),
            ("1.5G", 3 << 29),
        ];
        for (text, bytes) in sizes {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "M", "0", "0M", "-1", "12X", "1.2.3M", "1e3", "99999999999T", "M12", "."] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_read_in_seconds() {
        let times =
            [("2s", 2.0), ("500ms", 0.5), ("1m", 60.0), ("2min", 120.0), ("1h", 3600.0), ("1.5", 1.5)];
        for (text, seconds) in times {
            assert_eq!(parse_seconds(text), Some(seconds), "{text}");
        }
        for text in ["", "s", "0", "0s", "-2s", "2x", "1e9s", "inf", "NaN", "1..2"] {
            assert_eq!(parse_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn people_read_round_numbers() {
        assert_eq!([0, 1023, 1024].map(bytes), ["0 B", "1023 B", "1 KB"]);
        assert_eq!(bytes(3_565_158), "3.4 MB");
        assert_eq!(bytes(256 << 20), "256 MB");
        assert_eq!(
            [0, 12, 999, 1000, 2054, 75_000].map(millis),
            ["0 ms", "12 ms", "999 ms", "1 s", "2.05 s", "75 s"]
        );
        assert_eq!([2.0, 0.5, 1.5].map(seconds), ["2 s", "500 ms", "1.5 s"]);
    }
}
