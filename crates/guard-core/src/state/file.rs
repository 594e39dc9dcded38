//! A record as a file: written one way, read strictly.
//!
//! Strictly means: bounded in size and depth, UTF-8, no key twice, no unknown key, whole numbers only, and nothing that reading
//! would drop: what was read is written again and compared with the text. Knows nothing of attestors and chains.

use super::statement::{StatementError, WireStatement, canonical, defect, numbers_are_exact};
use super::{Record, Statement};
use crate::ci::Attestation;
use crate::refusal::Refusal;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most that is read of a record: 1 MiB.
pub const MAXIMUM_RECORD_BYTES: u64 = 1024 * 1024;

/// The deepest nesting of a record; its own is 6.
const MAXIMUM_DEPTH: u8 = 12;

/// Why a file is no record of this package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("it is not UTF-8")]
    NotText,
    #[error("it is not the JSON that this package writes: {0}")]
    Json(String),
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error("it holds something that this package does not write")]
    Different,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRecord {
    statement: WireStatement,
    attestation: Attestation,
}

/// The record as it is written: pretty-printed, with a newline at the end.
///
/// # Errors
/// Rule `internal-error`.
pub(super) fn to_bytes(record: &Record) -> Result<Vec<u8>, Refusal> {
    let wire = WireRecord { statement: record.statement.to_wire(), attestation: record.attestation.clone() };
    let mut bytes = serde_json::to_vec_pretty(&wire).map_err(|error| defect(error.to_string()))?;
    bytes.push(b'\n');
    if bytes.len() as u64 > MAXIMUM_RECORD_BYTES {
        return Err(defect(format!("its record would be larger than {MAXIMUM_RECORD_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Reads what [`to_bytes`] wrote.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<Record, RecordError> {
    let text = std::str::from_utf8(bytes).map_err(|_| RecordError::NotText)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: MAXIMUM_DEPTH }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| RecordError::Json(place(&error)))?;
    numbers_are_exact(&value)?;
    // serde's own messages may quote a value, and a record holds a token: only the key is named.
    let wire: WireRecord =
        serde_path_to_error::deserialize(&value).map_err(|error| match error.path().to_string() {
            root if root == "." => StatementError::Shape("its outermost keys are others".to_owned()),
            path => StatementError::Shape(format!("see {path}")),
        })?;
    let record = Record { statement: Statement::from_wire(wire.statement)?, attestation: wire.attestation };
    let again = WireRecord { statement: record.statement.to_wire(), attestation: record.attestation.clone() };
    let again = serde_json::to_value(&again).map_err(|_| RecordError::Different)?;
    match (canonical(&again), canonical(&value)) {
        (Ok(written), Ok(read)) if written == read => Ok(record),
        _ => Err(RecordError::Different),
    }
}

fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a key stands twice, a number is not whole, or it nests too deep",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
    };
    format!("{what}, at line {} column {}", error.line(), error.column())
}

/// A JSON value in which no key stands twice, no number is broken and nothing nests deeper than `depth`.
#[derive(Clone, Copy)]
struct Strict {
    depth: u8,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        self.depth.checked_sub(1).map(|depth| Strict { depth }).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, _value: f64) -> Result<Value, E> {
        Err(E::custom("not a whole number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}
