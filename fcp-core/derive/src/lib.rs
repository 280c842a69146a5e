//! Derives for `fcp-core`: canonical CBOR, messages and mesh objects.
//!
//! Use them through `fcp-core`, which documents what they mean; this crate holds only the macros. All of a type's map
//! keys are put into canonical order and encoded, and its schema is hashed, while the user's crate compiles.

mod attributes;
mod cbor;
mod object;
mod rules;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use rules::Derived;

/// Derives `fcp_core::cbor::Encode`: a struct as a map of its fields (G4), an enum by its variant's name (G5).
///
/// Attributes: `#[fcp(name = "…")]` on a field or variant gives its name on the wire.
///
/// What would have no encoding, or two, does not compile: names that stand twice or are longer than 255 bytes, and
/// options anywhere but directly in a field.
#[proc_macro_derive(Encode, attributes(fcp))]
pub fn derive_encode(input: TokenStream) -> TokenStream {
    expand(input, Derived::Codec, cbor::encode)
}

/// Derives `fcp_core::cbor::Decode`, strict: unknown, missing, repeated and unsorted keys are refused.
///
/// Attributes: as for `Encode`, and `#[fcp(check = path)]` on the type names a `fn(&Self) -> Result<(), Reason>` that
/// a decoded value must pass.
#[proc_macro_derive(Decode, attributes(fcp))]
pub fn derive_decode(input: TokenStream) -> TokenStream {
    expand(input, Derived::Codec, cbor::decode)
}

/// Derives `fcp_core::object::Message` with `Encode` and `Decode`: a struct with a schema.
///
/// Attributes on the type: `#[fcp(schema = "namespace:Name@1.0.0")]`; `#[fcp(signer = Key)]` names the key role that
/// signs it, where a field is marked `#[fcp(signature)]` (or `#[fcp(signature = "empty")]`, if the unsigned view keeps
/// the key with an empty byte string); this derives `fcp_core::sign::Signed`. A field marked `#[fcp(unsigned)]` is left
/// out of the unsigned view too.
#[proc_macro_derive(Message, attributes(fcp))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    expand(input, Derived::Message, object::message)
}

/// Derives `fcp_core::object::MeshObject` with everything of `Message`: a struct with a schema and a `header` field.
///
/// Further attributes: `#[fcp(strong)]` marks fields whose ids `header.refs` lists (G8), `#[fcp(refs = path)]` on the
/// type names a `fn(&Self, &[ObjectId]) -> bool` that judges refs instead, and `#[fcp(quorum)]` marks the inline
/// signature slot of a quorum-signed object, which derives `fcp_core::sign::QuorumSigned`
/// (`#[fcp(quorum = "domain")]`: signed by digest under that domain). What one key or a quorum signs opens as
/// `Unverified`.
#[proc_macro_derive(MeshObject, attributes(fcp))]
pub fn derive_mesh_object(input: TokenStream) -> TokenStream {
    expand(input, Derived::Object, object::mesh_object)
}

fn expand(
    input: TokenStream,
    derived: Derived,
    with: fn(&DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    rules::check(&input, derived).and_then(|()| with(&input)).unwrap_or_else(|error| error.to_compile_error()).into()
}
