//! Places in a text, and the evidence that stands there.

use guard_core::digest::Digest;
use guard_report::text::without_secrets;

/// The most characters of evidence that are kept.
const LONGEST_EVIDENCE: usize = 200;

/// A range of bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The first byte.
    pub(crate) start: u32,
    /// The byte behind the last.
    pub(crate) end: u32,
}

impl Place {
    /// Line and column in characters, both from 1, of the first byte.
    pub(crate) fn line_and_column(self, text: &str) -> (u32, u32) {
        let before = text.get(..self.start as usize).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// What stands there, without secrets. A long text is cut, and the digest of the whole stands behind the cut, so that an
    /// allowance never covers a text that changed.
    pub(crate) fn evidence(self, text: &str) -> String {
        let whole = text.get(self.start as usize..self.end as usize).unwrap_or_default();
        let redacted = without_secrets(whole);
        if redacted.chars().count() <= LONGEST_EVIDENCE {
            return redacted;
        }
        let digest = Digest::of(redacted.as_bytes());
        let cut: String = redacted.chars().take(LONGEST_EVIDENCE).collect();
        format!("{cut}… (sha256:{digest})")
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = "é1\n日本x";
        assert_eq!(Place { start: 0, end: 1 }.line_and_column(text), (1, 1));
        let x = u32::try_from(text.find('x').unwrap()).unwrap();
        assert_eq!(Place { start: x, end: x + 1 }.line_and_column(text), (2, 3));
        assert_eq!(Place { start: 999, end: 1000 }.line_and_column(text), (2, 4));
    }

    #[test]
    fn evidence_has_no_secret_and_a_cut_text_is_still_told_apart() {
        let text = format!("a://u:hunter2@h {}", "x".repeat(400));
        let place = Place { start: 0, end: u32::try_from(text.len()).unwrap() };
        let evidence = place.evidence(&text);
        assert!(!evidence.contains("hunter2"), "{evidence}");
        assert_ne!(evidence, place.evidence(&text.replace('x', "y")));
        let mut changed_at_the_end = text.clone();
        changed_at_the_end.replace_range(text.len() - 1.., "z");
        assert_ne!(evidence, place.evidence(&changed_at_the_end));
    }
}
