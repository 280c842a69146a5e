//! `Encode` and `Decode`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Data, DataEnum, DeriveInput, Error, Fields, FieldsNamed, Ident, LitByteStr, LitStr, Result, Variant};

use crate::attributes::{ItemAttributes, TypeAttributes};

/// A named field with its name on the wire.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: syn::Type,
    pub(crate) name: String,
    pub(crate) attributes: ItemAttributes,
}

impl Field {
    /// The fields in declared order.
    pub(crate) fn all(fields: &FieldsNamed) -> Result<Vec<Self>> {
        fields
            .named
            .iter()
            .map(|field| {
                let attributes = ItemAttributes::read(&field.attrs)?;
                let ident = field.ident.clone().ok_or_else(|| Error::new_spanned(field, "expected a named field"))?;
                let name = attributes.name.clone().unwrap_or_else(|| ident.unraw().to_string());
                Ok(Self { ident, ty: field.ty.clone(), name, attributes })
            })
            .collect()
    }

    /// The encoded key.
    pub(crate) fn key(&self) -> LitByteStr {
        LitByteStr::new(&encoded_text(&self.name), self.ident.span())
    }
}

/// `fields` in the canonical order of their keys.
pub(crate) fn canonical(fields: &[Field]) -> Vec<&Field> {
    let mut sorted: Vec<&Field> = fields.iter().collect();
    sorted.sort_by_key(|field| encoded_text(&field.name));
    sorted
}

/// A text of at most 255 bytes as a CBOR item; longer names were refused before.
fn encoded_text(text: &str) -> Vec<u8> {
    let len = u8::try_from(text.len()).unwrap_or(u8::MAX);
    let mut encoded = if len < 24 { vec![0x60 | len] } else { vec![0x78, len] };
    encoded.extend_from_slice(text.as_bytes());
    encoded
}

/// `ZoneKey` becomes `zone_key`.
fn snake_case(name: &str) -> String {
    let mut out = String::new();
    let mut previous_lower = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() && previous_lower {
            out.push('_');
        }
        previous_lower = !character.is_ascii_uppercase();
        out.push(character.to_ascii_lowercase());
    }
    out
}

fn refuse_generics(input: &DeriveInput) -> Result<()> {
    match input.generics.params.first() {
        Some(parameter) => Err(Error::new_spanned(parameter, "a type on the wire has no parameters")),
        None => Ok(()),
    }
}

/// The named fields of a struct, for derives that need one.
pub(crate) fn struct_fields(input: &DeriveInput) -> Result<Vec<Field>> {
    refuse_generics(input)?;
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Field::all(fields),
            _ => Err(Error::new_spanned(&input.ident, "expected a struct with named fields")),
        },
        _ => Err(Error::new_spanned(&input.ident, "expected a struct with named fields")),
    }
}

pub(crate) fn encode(input: &DeriveInput) -> Result<TokenStream> {
    refuse_generics(input)?;
    let name = &input.ident;
    let body = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                let fields = Field::all(fields)?;
                encode_fields(&canonical(&fields), |ident| quote!(&self.#ident))
            }
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                quote!(::fcp_core::cbor::Encode::encode(&self.0, encoder);)
            }
            _ => return Err(Error::new_spanned(name, "expected named fields or one field")),
        },
        Data::Enum(data) => encode_enum(data)?,
        Data::Union(_) => return Err(Error::new_spanned(name, "a union has no canonical form")),
    };
    Ok(quote! {
        #[automatically_derived]
        impl ::fcp_core::cbor::Encode for #name {
            fn encode(&self, encoder: &mut ::fcp_core::cbor::Encoder<'_>) {
                #body
            }
        }
    })
}

/// The map of `fields`, which are in canonical order; `access` borrows a field.
pub(crate) fn encode_fields(fields: &[&Field], access: impl Fn(&Ident) -> TokenStream) -> TokenStream {
    let counts = fields.iter().map(|field| {
        let value = access(&field.ident);
        quote!(usize::from(!::fcp_core::cbor::Encode::is_absent(#value)))
    });
    let entries = fields.iter().map(|field| {
        let value = access(&field.ident);
        let key = field.key();
        quote! {
            if !::fcp_core::cbor::Encode::is_absent(#value) {
                encoder.encoded_item(#key);
                ::fcp_core::cbor::Encode::encode(#value, encoder);
            }
        }
    });
    quote! {
        let mut entries = 0_usize;
        #(entries = entries.wrapping_add(#counts);)*
        encoder.map(entries);
        #(#entries)*
    }
}

/// A variant with its name on the wire.
pub(crate) fn variant_name(variant: &Variant) -> Result<String> {
    let attributes = ItemAttributes::read(&variant.attrs)?;
    Ok(attributes.name.unwrap_or_else(|| snake_case(&variant.ident.unraw().to_string())))
}

fn encode_enum(data: &DataEnum) -> Result<TokenStream> {
    let arms = data.variants.iter().map(|variant| {
        let ident = &variant.ident;
        let name = LitByteStr::new(&encoded_text(&variant_name(variant)?), ident.span());
        Ok(match &variant.fields {
            Fields::Unit => quote!(Self::#ident => encoder.encoded_item(#name)),
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => quote! {
                Self::#ident(payload) => {
                    encoder.map(1);
                    encoder.encoded_item(#name);
                    ::fcp_core::cbor::Encode::encode(payload, encoder);
                }
            },
            Fields::Named(fields) => {
                let fields = Field::all(fields)?;
                // Bound under names of their own, so that a field may be called like a variable of the generated code.
                let bindings = fields.iter().map(|field| {
                    let (ident, variable) = (&field.ident, format_ident!("field_{}", field.ident));
                    quote!(#ident: #variable)
                });
                let payload = encode_fields(&canonical(&fields), |ident| {
                    let variable = format_ident!("field_{}", ident);
                    quote!(#variable)
                });
                quote! {
                    Self::#ident { #(#bindings),* } => {
                        encoder.map(1);
                        encoder.encoded_item(#name);
                        #payload
                    }
                }
            }
            Fields::Unnamed(_) => return Err(Error::new_spanned(variant, "a variant has one payload or named fields")),
        })
    });
    let arms = arms.collect::<Result<Vec<_>>>()?;
    Ok(quote!(match self { #(#arms,)* }))
}

pub(crate) fn decode(input: &DeriveInput) -> Result<TokenStream> {
    refuse_generics(input)?;
    let name = &input.ident;
    let body = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => decode_fields(&Field::all(fields)?, &quote!(Self)),
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                quote!(Self(::fcp_core::cbor::Decode::decode(decoder)?))
            }
            _ => return Err(Error::new_spanned(name, "expected named fields or one field")),
        },
        Data::Enum(data) => decode_enum(data)?,
        Data::Union(_) => return Err(Error::new_spanned(name, "a union has no canonical form")),
    };
    let check = TypeAttributes::read(&input.attrs)?.check.map(|check| {
        quote! {
            if let Err(reason) = #check(&value) {
                return Err(::fcp_core::cbor::Decoder::invalid(offset, reason));
            }
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl<'b> ::fcp_core::cbor::Decode<'b> for #name {
            fn decode(
                decoder: &mut ::fcp_core::cbor::Decoder<'b>,
            ) -> ::core::result::Result<Self, ::fcp_core::cbor::DecodeError> {
                let offset = decoder.position();
                let value = { #body };
                let _ = offset;
                #check
                Ok(value)
            }
        }
    })
}

/// Reads the map of `fields` and builds `path` from it.
fn decode_fields(fields: &[Field], path: &TokenStream) -> TokenStream {
    let reads = canonical(fields).into_iter().map(|field| {
        let (variable, key, ty) = (format_ident!("field_{}", field.ident), field.key(), &field.ty);
        let name = LitStr::new(&field.name, field.ident.span());
        quote!(let #variable: #ty = fields.field(decoder, #key, #name)?;)
    });
    let inits = fields.iter().map(|field| {
        let (ident, variable) = (&field.ident, format_ident!("field_{}", field.ident));
        quote!(#ident: #variable)
    });
    quote! {
        let mut fields = decoder.fields()?;
        #(#reads)*
        fields.finish(decoder)?;
        #path { #(#inits),* }
    }
}

fn decode_enum(data: &DataEnum) -> Result<TokenStream> {
    let mut units = Vec::new();
    let mut payloads = Vec::new();
    for variant in &data.variants {
        let ident = &variant.ident;
        let name = LitStr::new(&variant_name(variant)?, ident.span());
        match &variant.fields {
            Fields::Unit => units.push(quote!(#name => Self::#ident)),
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                payloads.push(quote!(#name => Self::#ident(::fcp_core::cbor::Decode::decode(decoder)?)));
            }
            Fields::Named(fields) => {
                let read = decode_fields(&Field::all(fields)?, &quote!(Self::#ident));
                payloads.push(quote!(#name => { #read }));
            }
            Fields::Unnamed(_) => return Err(Error::new_spanned(variant, "a variant has one payload or named fields")),
        }
    }
    let unknown = |at: TokenStream| {
        quote!(_ => return Err(::fcp_core::cbor::DecodeError::new(
            ::fcp_core::cbor::DecodeErrorKind::UnknownVariant, #at,
        )))
    };
    let (unknown_unit, unknown_payload) = (unknown(quote!(offset)), unknown(quote!(name_offset)));
    let unit = quote!(match decoder.text()? { #(#units,)* #unknown_unit });
    let payload = quote! {
        decoder.variant_payload()?;
        let name_offset = decoder.position();
        let value = match decoder.text()? { #(#payloads,)* #unknown_payload };
        decoder.leave();
        value
    };
    Ok(match (units.is_empty(), payloads.is_empty()) {
        (_, true) => unit,
        (true, false) => payload,
        (false, false) => quote!(if decoder.peek_major() == Some(5) { #payload } else { #unit }),
    })
}
