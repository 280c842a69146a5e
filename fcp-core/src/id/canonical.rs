//! The eight canonical string identifiers of §3.4.2.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::error::{self, IdError, text_id};

/// Checks `^[a-z0-9][a-z0-9._:-]*$`, at most 128 bytes, ASCII; in the specification's order.
fn canonical(text: &str) -> Result<String, IdError> {
    error::ascii(text, 128)?;
    error::lowercase(text, b"._:-", 0)?;
    Ok(text.to_owned())
}

macro_rules! canonical_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Grammar: `^[a-z0-9][a-z0-9._:-]*$`, at most 128 bytes (§3.4.2, D23).
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the identifier from its text, without any normalization.
            ///
            /// # Errors
            /// [`IdError`] with the rule that `text` breaks and where.
            pub fn new(text: &str) -> Result<Self, IdError> {
                canonical(text).map(Self)
            }
        }

        text_id!($name);
    )*};
}

canonical_id! {
    /// Who acts: a person, an agent, a service.
    PrincipalId;
    /// A connector, such as `example.notebook`.
    ConnectorId;
    /// A capability, such as `files.read`.
    CapabilityId;
    /// An operation of a connector.
    OperationId;
    /// A role.
    RoleId;
    /// A threshold secret.
    SecretId;
    /// A credential, such as `cred:notes`.
    CredentialId;
    /// A connector instance.
    InstanceId;
}

#[cfg(test)]
mod tests {
    use super::PrincipalId;

    #[test]
    fn says_which_rule_failed_and_where() {
        let cases: [(&str, &str, usize); 7] = [
            ("", "id.empty", 0),
            ("user@home", "id.bad_char", 4),
            ("User", "id.uppercase", 0),
            (".user", "id.bad_first", 0),
            ("us er", "id.bad_char", 2),
            ("ρaypal", "id.not_ascii", 0),
            ("a/b", "id.bad_char", 1),
        ];
        for (text, code, offset) in cases {
            let error = PrincipalId::new(text).unwrap_err();
            assert_eq!((error.reason().code(), error.offset()), (code, offset), "{text}");
        }
        assert_eq!(PrincipalId::new(&"a".repeat(129)).unwrap_err().offset(), 128);
        assert_eq!(PrincipalId::new("user:anna.w-1_x").unwrap().as_str(), "user:anna.w-1_x");
    }
}
