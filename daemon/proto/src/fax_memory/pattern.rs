//! Patterns of numbers: many far ends that are one, such as the extensions behind a far gateway.
//!
//! `X` is any one digit and `!`, at the end, any further characters, one at least, as in CallManager's own route patterns:
//! `0301234XX`, `0049!`. An address is written the same way: `10.0.0.!`.

/// Is this a pattern, or the name of one far end?
pub fn is_pattern(name: &str) -> bool {
    name.contains('X') || name.ends_with('!')
}

/// Can a far end be called so?
///
/// # Errors
/// Why not.
pub fn check(name: &str) -> Result<(), &'static str> {
    match name.find('!') {
        Some(at) if at + 1 < name.len() => {
            Err("`!` stands for the rest of a number, so nothing comes after it")
        }
        _ => Ok(()),
    }
}

/// Does the pattern take in this name? A name is no pattern of itself.
pub fn covers(pattern: &str, name: &str) -> bool {
    if !is_pattern(pattern) {
        return false;
    }
    let (head, open) = match pattern.strip_suffix('!') {
        Some(head) => (head, true),
        None => (pattern, false),
    };
    let mut rest = name.chars();
    for wanted in head.chars() {
        let fits = |got: char| match wanted {
            'X' => got.is_ascii_digit(),
            wanted => got == wanted,
        };
        if !rest.next().is_some_and(fits) {
            return false;
        }
    }
    rest.next().is_some() == open
}

/// Of several patterns that take in a name the one that says more of it counts: more places of its own, then fewer open ones.
pub fn weight(pattern: &str) -> (usize, usize) {
    let places = pattern.chars().filter(|c| !matches!(c, 'X' | '!')).count();
    (places, pattern.len() - places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_in_what_its_places_and_its_end_allow() {
        for (pattern, name, covered) in [
            ("030X", "0301", true),
            ("030X", "030", false),
            ("030X", "03012", false),
            ("030X", "030*", false),
            ("030X", "030X", false),
            ("X", "7", true),
            ("0049!", "004930", true),
            ("0049!", "0049", false),
            ("0049!", "0048301", false),
            ("00XX!", "0049301", true),
            ("!", "1", true),
            ("!", "", false),
            ("10.0.0.!", "10.0.0.9", true),
            ("10.0.0.!", "10.0.1.9", false),
            ("4711", "4711", false),
            ("+49X", "+491", true),
        ] {
            assert_eq!(covers(pattern, name), covered, "{pattern} {name}");
        }
    }

    #[test]
    fn the_rest_of_a_number_is_its_end() {
        assert!(check("00!49").is_err() && check("00!!").is_err());
        for name in ["0049!", "!", "030XX", "4711", "10.0.0.9"] {
            assert_eq!(check(name), Ok(()));
        }
    }

    #[test]
    fn the_pattern_with_more_places_of_its_own_counts() {
        let mut all = ["!", "0!", "0049!", "00493X", "0049XX", "004930"];
        all.sort_by_key(|pattern| weight(pattern));
        assert_eq!(all, ["!", "0!", "0049!", "0049XX", "00493X", "004930"]);
    }
}
