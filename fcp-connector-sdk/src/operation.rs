//! Typed inputs and outputs: between the open [`Value`] of a call and the types of an operation.
//!
//! A type of an operation derives [`Decode`] (its input) or [`Encode`] (its output). So reading an input is as strict as
//! reading anything else of the protocol: unknown and missing fields are refused.

use fcp_core::cbor::{self, Decode, DecodeError, DecodeErrorKind, Decoder, Encode, Encoder, Value};
use fcp_core::error::Reason;

use crate::error::Error;

/// Reads a `T` out of `value`.
///
/// # Errors
/// `execution.bad_input` with what does not fit.
pub fn from_value<T: for<'b> Decode<'b>>(value: &Value) -> Result<T, Error> {
    cbor::decode(&cbor::encode(value)).map_err(|error| Error::new(Reason::ExecutionBadInput, error.kind().to_string()))
}

/// Writes `value` as an open value.
///
/// # Errors
/// `execution.bad_output` if it has no encoding, which only an absent option at the top has.
pub fn to_value<T: Encode + ?Sized>(value: &T) -> Result<Value, Error> {
    cbor::decode(&cbor::encode(value)).map_err(|error| Error::new(Reason::ExecutionBadOutput, error.kind().to_string()))
}

/// An input or output without any field: the empty map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Empty {}

impl Encode for Empty {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.map(0);
    }
}

impl<'b> Decode<'b> for Empty {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        if decoder.map()? != 0 {
            return Err(DecodeError::new(DecodeErrorKind::UnknownKey, offset));
        }
        decoder.leave();
        Ok(Self {})
    }
}

#[cfg(test)]
mod tests {
    use super::{Empty, from_value, to_value};
    use fcp_core::cbor::{Decode, Encode, Float, from_json};

    #[derive(Debug, PartialEq, Encode, Decode)]
    struct Append {
        page: String,
        count: Option<u64>,
    }

    #[test]
    fn inputs_are_read_strictly() {
        let read = |json: &str| from_value::<Append>(&from_json(json).unwrap());
        assert_eq!(read(r#"{"page":"p"}"#).unwrap(), Append { page: "p".into(), count: None });
        for json in [r#"{}"#, r#"{"page":1}"#, r#"{"page":"p","more":1}"#, r#"{"page":"p","count":-1}"#, "null"] {
            assert_eq!(read(json).unwrap_err().reason().unwrap().code(), "execution.bad_input", "{json}");
        }
    }

    #[test]
    fn floats_are_not_integers() {
        let half = from_value::<Float>(&from_json("0.5").unwrap()).unwrap();
        assert_eq!((half.get(), to_value(&half).unwrap()), (0.5, from_json("0.5").unwrap()));
        assert!(from_value::<Float>(&from_json("1").unwrap()).is_err());
        assert!(from_value::<u64>(&from_json("1.0").unwrap()).is_err());
    }

    #[test]
    fn outputs_keep_their_fields() {
        let value = to_value(&Append { page: "p".into(), count: Some(2) }).unwrap();
        assert_eq!(value, from_json(r#"{"page":"p","count":2}"#).unwrap());
        assert_eq!(to_value(&None::<u64>).unwrap_err().reason().unwrap().code(), "execution.bad_output");
        assert_eq!(to_value(&Empty {}).unwrap(), from_json("{}").unwrap());
        assert!(from_value::<Empty>(&from_json(r#"{"a":1}"#).unwrap()).is_err());
    }
}
