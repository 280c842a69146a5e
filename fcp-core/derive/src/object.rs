//! `Message` and `MeshObject`.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::{DeriveInput, Error, LitStr, Result};

use crate::attributes::{QuorumView, SignatureView, TypeAttributes};
use crate::cbor::{self, Field, canonical};

pub(crate) fn message(input: &DeriveInput) -> Result<TokenStream> {
    let fields = cbor::struct_fields(input)?;
    let attributes = TypeAttributes::read(&input.attrs)?;
    let codec = codec(input, &attributes)?;
    let signed = signed(input, &attributes, &fields)?;
    Ok(quote!(#codec #signed))
}

/// Refuses a schema id outside of the grammar of D19 while the user's crate compiles.
fn check_schema(schema: &LitStr) -> Result<()> {
    let text = schema.value();
    let well_formed = text.len() <= 256
        && text.split_once(':').zip(text.split_once('@')).is_some_and(|((namespace, rest), (_, version))| {
            let name = rest.split('@').next().unwrap_or_default();
            let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let mut numbers = version.split('.');
            let number = |part: &str| {
                part == "0"
                    || (part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty() && !part.starts_with('0'))
            };
            namespace.bytes().enumerate().all(|(at, byte)| lower(byte) || (at > 0 && b"._-".contains(&byte)))
                && !namespace.is_empty()
                && name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && numbers.clone().count() == 3
                && numbers.all(number)
        });
    if well_formed { Ok(()) } else { Err(Error::new_spanned(schema, "expected `namespace:Name@MAJOR.MINOR.PATCH`")) }
}

/// `Encode`, `Decode` and `Message`.
fn codec(input: &DeriveInput, attributes: &TypeAttributes) -> Result<TokenStream> {
    let name = &input.ident;
    let schema = attributes
        .schema
        .as_ref()
        .ok_or_else(|| Error::new_spanned(name, "expected `#[fcp(schema = \"namespace:Name@1.0.0\")]`"))?;
    check_schema(schema)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"FCP2-SCHEMA-V1");
    hasher.update(schema.value().as_bytes());
    let hash = Literal::byte_string(hasher.finalize().as_bytes());
    let (encode, decode) = (cbor::encode(input)?, cbor::decode(input)?);
    Ok(quote! {
        #encode
        #decode

        #[automatically_derived]
        impl ::fcp_core::object::Message for #name {
            const SCHEMA: &'static str = #schema;
            const SCHEMA_HASH: ::fcp_core::id::SchemaHash = ::fcp_core::id::SchemaHash::from_bytes(*#hash);
        }
    })
}

/// `Signed`, where a field is the signature.
fn signed(input: &DeriveInput, attributes: &TypeAttributes, fields: &[Field]) -> Result<Option<TokenStream>> {
    let name = &input.ident;
    let Some(field) = fields.iter().find(|field| field.attributes.signature.is_some()) else {
        return match &attributes.signer {
            Some(signer) => Err(Error::new_spanned(signer, "no field is marked `#[fcp(signature)]`")),
            None => Ok(None),
        };
    };
    let signer = attributes
        .signer
        .as_ref()
        .ok_or_else(|| Error::new_spanned(name, "expected `#[fcp(signer = Key)]`: which key role signs this"))?;
    let ident = &field.ident;
    let covered = canonical(fields).into_iter().filter(|other| !other.attributes.unsigned);
    let view = match field.attributes.signature {
        Some(SignatureView::Empty) => {
            let all: Vec<&Field> = covered.collect();
            cbor::encode_fields(&all, |other| {
                if other == ident { quote!(&::fcp_core::sign::EmptySignature) } else { quote!(&self.#other) }
            })
        }
        _ => {
            let others: Vec<&Field> = covered.filter(|other| other.ident != *ident).collect();
            cbor::encode_fields(&others, |other| quote!(&self.#other))
        }
    };
    Ok(Some(quote! {
        #[automatically_derived]
        impl ::fcp_core::sign::Signed for #name {
            type Signer = #signer;

            fn signature(&self) -> &::fcp_core::sign::Signature {
                &self.#ident
            }

            fn with_signature(mut self, signature: ::fcp_core::sign::Signature) -> Self {
                self.#ident = signature;
                self
            }

            fn encode_unsigned(&self, encoder: &mut ::fcp_core::cbor::Encoder<'_>) {
                #view
            }
        }
    }))
}

pub(crate) fn mesh_object(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let fields = cbor::struct_fields(input)?;
    let attributes = TypeAttributes::read(&input.attrs)?;
    if !fields.iter().any(|field| field.ident == "header") {
        return Err(Error::new_spanned(name, "a mesh object has a field `header: ObjectHeader`"));
    }
    let codec = codec(input, &attributes)?;
    let signed = signed(input, &attributes, &fields)?;
    let quorum = quorum(input, &fields);
    let opened = if signed.is_some() || quorum.is_some() { quote!(Unverified) } else { quote!(Verified) };
    let zone = fields.iter().any(|field| field.ident == "zone_id").then(|| {
        quote! {
            fn body_zone(&self) -> Option<&::fcp_core::id::ZoneId> {
                Some(&self.zone_id)
            }
        }
    });
    let refs = if let Some(judge) = &attributes.refs {
        quote! {
            fn accepts_refs(&self, refs: &[::fcp_core::id::ObjectId]) -> bool {
                #judge(self, refs)
            }
        }
    } else {
        let strong = fields.iter().filter(|field| field.attributes.strong).map(|field| &field.ident);
        quote! {
            fn accepts_refs(&self, refs: &[::fcp_core::id::ObjectId]) -> bool {
                let mut rest = refs;
                #(if !::fcp_core::object::StrongRef::strip(&self.#strong, &mut rest) { return false; })*
                rest.is_empty()
            }
        }
    };
    Ok(quote! {
        #codec
        #signed
        #quorum

        #[automatically_derived]
        impl ::fcp_core::object::MeshObject for #name {
            type Opened = ::fcp_core::sign::#opened<Self>;

            fn header(&self) -> &::fcp_core::object::ObjectHeader {
                &self.header
            }

            #zone
            #refs
        }
    })
}

/// `QuorumSigned`, where a field is the inline signature slot.
fn quorum(input: &DeriveInput, fields: &[Field]) -> Option<TokenStream> {
    let name = &input.ident;
    let slot = fields.iter().find(|field| field.attributes.quorum.is_some())?;
    let preimage = match slot.attributes.quorum.as_ref()? {
        QuorumView::Digest(domain) => quote! {
            ::fcp_core::sign::digest_preimage(#domain, self)
        },
        QuorumView::Removed => {
            let others: Vec<&Field> = canonical(fields).into_iter().filter(|other| other.ident != slot.ident).collect();
            let view = cbor::encode_fields(&others, |other| quote!(&self.#other));
            quote!(::fcp_core::sign::Preimage::view::<Self>(|encoder| { #view }))
        }
    };
    Some(quote! {
        #[automatically_derived]
        impl ::fcp_core::sign::QuorumSigned for #name {
            fn quorum_preimage(&self) -> ::fcp_core::sign::Preimage {
                #preimage
            }
        }
    })
}
