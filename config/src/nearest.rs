//! The name that was probably meant.

/// No name is longer; what is, was not mistyped from one, and comparing it would cost its length.
const LONGEST: usize = 128;

/// Candidates that are compared: beyond that, a list is not one that somebody mistyped a line of.
const COMPARED: usize = 1_000;

/// The candidate with the least edit distance (insertions, deletions, substitutions, swaps of
/// neighbours: optimal string alignment), if at most a third of the name would have to change.
pub(crate) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    if name.len() > LONGEST {
        return None;
    }
    let most = (name.chars().count() / 3).max(1);
    let lowered = name.to_lowercase();
    candidates
        .into_iter()
        .take(COMPARED)
        .map(|candidate| (strsim::osa_distance(&lowered, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_different_word_does_not() {
        let names = ["round_robin", "least_request", "random"];
        assert_eq!(nearest("roundrobin", names), Some("round_robin"));
        assert_eq!(nearest("Random", names), Some("random"));
        assert_eq!(nearest("radnom", names), Some("random"));
        assert_eq!(nearest("maglev", names), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest(&"a".repeat(1_000_000), names), None);
    }
}
