//! How long a record opens the next step, as it is written: `90m`, `2h`, `1d`.

use super::MaximumAge;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest age that a policy may name: seven days, in seconds.
pub(super) const LONGEST_SECONDS: u32 = 7 * 24 * 60 * 60;

const EXPECTED: &str =
    "an age is a whole number above 0 and `m`, `h` or `d`, like \"90m\" or \"2h\", and at most \"7d\"";

fn parse(text: &str) -> Option<MaximumAge> {
    let unit_seconds = match text.bytes().next_back()? {
        b'm' => 60,
        b'h' => 60 * 60,
        b'd' => 24 * 60 * 60,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    if number.is_empty() || number.starts_with('0') || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = number.parse::<u32>().ok()?.checked_mul(unit_seconds)?;
    (seconds <= LONGEST_SECONDS).then_some(MaximumAge { seconds })
}

impl Serialize for MaximumAge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let minutes = self.seconds.div_ceil(60);
        let text = match minutes {
            days if days % (24 * 60) == 0 => format!("{}d", days / (24 * 60)),
            hours if hours % 60 == 0 => format!("{}h", hours / 60),
            other => format!("{other}m"),
        };
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for MaximumAge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| serde::de::Error::custom(EXPECTED))
    }
}

impl JsonSchema for MaximumAge {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MaximumAge".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[1-9][0-9]*[mhd]$" })
    }
}

#[cfg(test)]
mod tests {
    use super::{MaximumAge, parse};

    #[test]
    fn an_age_is_a_number_and_a_unit_and_survives_writing() {
        for (text, seconds) in [("1m", 60), ("90m", 5400), ("2h", 7200), ("1d", 86_400), ("7d", 604_800)] {
            let age = parse(text).expect(text);
            assert_eq!(age.seconds, seconds);
            let written = serde_json::to_string(&age).unwrap();
            assert_eq!(serde_json::from_str::<MaximumAge>(&written).unwrap(), age);
        }
    }

    #[test]
    fn an_age_of_nothing_of_too_much_or_in_other_words_is_an_error() {
        for text in [
            "",
            "m",
            "0m",
            "00h",
            "8d",
            "169h",
            "10081m",
            "-1h",
            "1.5h",
            "2 h",
            "2hours",
            "99999999999d",
            "2H",
            "٢h",
            "+2h",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
