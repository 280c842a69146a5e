//! The protocol features that a manifest may require (§11.1 rule 3, D157): a closed list.

macro_rules! features {
    ($($name:ident $text:literal $meaning:literal;)*) => {
        /// A protocol feature.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProtocolFeature {
            $(
                #[doc = concat!("`", $text, "`: ", $meaning, ".")]
                $name,
            )*
        }

        impl ProtocolFeature {
            /// Every feature.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The feature's text, exactly as manifests write it.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

features! {
    FcpsChaCha20 "fcps.aead.chacha20poly1305" "symbols sealed with ChaCha20-Poly1305 (§4.1)";
    FcpsXChaCha20 "fcps.aead.xchacha20poly1305" "symbols sealed with XChaCha20-Poly1305 (§4.1)";
    FcpsMacHmac "fcps.session_mac.hmacsha256.trunc16" "session suite 1 (§4.2)";
    FcpsMacBlake3 "fcps.session_mac.blake3.trunc16" "session suite 2 (§4.2)";
    EgressDnsRebind "egress.dns_rebind_protection" "the network guard connects to the address that it checked (§7.3)";
    EgressTcp "egress.tcp_connect" "the network guard opens TCP connections (§11.2.1)";
    EgressSpkiPins "egress.spki_pins" "the network guard enforces key pins (§7.3)";
    EgressCredentials "egress.credential_injection" "the network guard applies credentials (§7.3.1)";
    StateSingletonWriter "state.singleton_writer" "state with one fenced writer (§10.4)";
    StateCrdt "state.crdt" "state with many writers (§10.4)";
    EventsReplay "events.replay" "events are kept and replayed from a cursor (§9.6)";
    SandboxStrictPlus "sandbox.strict_plus" "the sandbox profile `strict_plus` (§11.2)";
    SandboxWasi "sandbox.wasi" "connectors of the format `wasi` (§10.1)";
}

impl ProtocolFeature {
    /// The feature of this text: an exact match, or none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|feature| feature.text() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::ProtocolFeature;

    #[test]
    fn texts_are_unique_and_found_again() {
        for feature in ProtocolFeature::ALL {
            assert_eq!(ProtocolFeature::from_text(feature.text()), Some(*feature));
        }
        assert_eq!(ProtocolFeature::from_text("fcps.aead.XChaCha20Poly1305"), None);
    }
}
