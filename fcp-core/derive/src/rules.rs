//! What a type must keep to so that its values have one encoding each: said while the user's crate compiles.

use std::collections::BTreeSet;

use syn::{Data, DataEnum, DeriveInput, Error, Fields, GenericArgument, Ident, PathArguments, Result, Type};

use crate::attributes::{ItemAttributes, TypeAttributes};
use crate::cbor::{Field, variant_name};

/// What is derived, and so which attributes mean something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Derived {
    /// `Encode` or `Decode` alone.
    Codec,
    /// `Message`.
    Message,
    /// `MeshObject`.
    Object,
}

/// The longest name on the wire, in bytes: its length takes one byte.
const MAX_NAME: usize = u8::MAX as usize;

/// Checks a whole type.
pub(crate) fn check(input: &DeriveInput, derived: Derived) -> Result<()> {
    check_type_attributes(input, derived)?;
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                let fields = Field::all(fields)?;
                check_fields(&fields)?;
                check_roles(input, &fields, derived)
            }
            Fields::Unnamed(fields) => fields.unnamed.iter().try_for_each(|field| {
                let attributes = ItemAttributes::read(&field.attrs)?;
                if attributes.name.is_some() || attributes.has_role() {
                    return Err(Error::new_spanned(field, "the field of a newtype has no attributes"));
                }
                check_present(&field.ty)
            }),
            Fields::Unit => Ok(()),
        },
        Data::Enum(data) => check_enum(data),
        Data::Union(_) => Ok(()),
    }
}

fn check_type_attributes(input: &DeriveInput, derived: Derived) -> Result<()> {
    let TypeAttributes { schema, signer, check: _, refs } = TypeAttributes::read(&input.attrs)?;
    if derived == Derived::Codec
        && let Some(schema) = schema
    {
        return Err(Error::new_spanned(schema, "only `Message` and `MeshObject` have a schema"));
    }
    if derived == Derived::Codec
        && let Some(signer) = signer
    {
        return Err(Error::new_spanned(signer, "only `Message` and `MeshObject` have a signer"));
    }
    if derived != Derived::Object
        && let Some(refs) = refs
    {
        return Err(Error::new_spanned(refs, "only `MeshObject` has refs"));
    }
    Ok(())
}

/// Names that stand once and fit, and options only where a key can be left out.
fn check_fields(fields: &[Field]) -> Result<()> {
    check_names(fields.iter().map(|field| (&field.ident, field.name.as_str())))?;
    fields.iter().try_for_each(|field| check_present(option_payload(&field.ty).unwrap_or(&field.ty)))
}

fn check_names<'f>(names: impl Iterator<Item = (&'f Ident, &'f str)>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (ident, name) in names {
        if name.len() > MAX_NAME {
            return Err(Error::new_spanned(ident, "a name on the wire has at most 255 bytes"));
        }
        if !seen.insert(name) {
            return Err(Error::new_spanned(ident, format!("`{name}` is the name of another one, too")));
        }
    }
    Ok(())
}

/// What an attribute says about a field must mean something to what is derived.
fn check_roles(input: &DeriveInput, fields: &[Field], derived: Derived) -> Result<()> {
    let once = |role: fn(&ItemAttributes) -> bool, message: &str| match fields
        .iter()
        .filter(|field| role(&field.attributes))
        .nth(1)
    {
        Some(second) => Err(Error::new_spanned(&second.ident, message)),
        None => Ok(()),
    };
    once(|attributes| attributes.signature.is_some(), "another field is the signature already")?;
    once(|attributes| attributes.quorum.is_some(), "another field is the slot already")?;
    let is_signed = fields.iter().any(|field| field.attributes.signature.is_some());
    let has_refs = TypeAttributes::read(&input.attrs)?.refs.is_some();
    for Field { ident, attributes, .. } in fields {
        let refuse = |message: &str| Err(Error::new_spanned(ident, message));
        if derived == Derived::Codec && attributes.has_role() {
            return refuse("only fields of `Message` and `MeshObject` have a role");
        }
        if derived == Derived::Message && (attributes.strong || attributes.quorum.is_some()) {
            return refuse("only fields of `MeshObject` are strong or a quorum's");
        }
        if attributes.strong && has_refs {
            return refuse("`refs` judges instead of strong fields: have one of the two");
        }
        if attributes.unsigned && !is_signed {
            return refuse("nothing is signed here that could leave a field out");
        }
        if attributes.unsigned && attributes.signature.is_some() {
            return refuse("the signature is not a part of what is signed anyway");
        }
    }
    Ok(())
}

fn check_enum(data: &DataEnum) -> Result<()> {
    let names = data.variants.iter().map(|variant| Ok((&variant.ident, variant_name(variant)?)));
    let names = names.collect::<Result<Vec<_>>>()?;
    check_names(names.iter().map(|(ident, name)| (*ident, name.as_str())))?;
    for variant in &data.variants {
        if ItemAttributes::read(&variant.attrs)?.has_role() {
            return Err(Error::new_spanned(variant, "a variant has a name and no role"));
        }
        match &variant.fields {
            Fields::Unit => {}
            Fields::Unnamed(fields) => fields.unnamed.iter().try_for_each(|field| check_present(&field.ty))?,
            Fields::Named(fields) => {
                let fields = Field::all(fields)?;
                check_fields(&fields)?;
                if let Some(field) = fields.iter().find(|field| field.attributes.has_role()) {
                    return Err(Error::new_spanned(&field.ident, "a variant's field has no role"));
                }
            }
        }
    }
    Ok(())
}

/// The `T` of an `Option<T>`.
fn option_payload(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(payload) => Some(payload),
        _ => None,
    })
}

/// Refuses a type whose values may have no encoding at all: an option is the absence of a field's key, so it stands
/// nowhere but in a field.
fn check_present(ty: &Type) -> Result<()> {
    match ty {
        Type::Path(path) => path.path.segments.iter().try_for_each(|segment| {
            if segment.ident == "Option" {
                return Err(Error::new_spanned(
                    ty,
                    "an option stands only in a field of its own, and options do not nest",
                ));
            }
            match &segment.arguments {
                PathArguments::AngleBracketed(arguments) => {
                    arguments.args.iter().try_for_each(|argument| match argument {
                        GenericArgument::Type(inner) => check_present(inner),
                        _ => Ok(()),
                    })
                }
                _ => Ok(()),
            }
        }),
        Type::Array(array) => check_present(&array.elem),
        Type::Slice(slice) => check_present(&slice.elem),
        Type::Reference(reference) => check_present(&reference.elem),
        Type::Paren(paren) => check_present(&paren.elem),
        Type::Group(group) => check_present(&group.elem),
        Type::Tuple(tuple) => tuple.elems.iter().try_for_each(check_present),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::{Derived, check};

    fn refusal(input: &DeriveInput, derived: Derived) -> String {
        check(input, derived).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn names_stand_once() {
        for input in [
            parse_quote!(
                struct Page {
                    title: u8,
                    #[fcp(name = "title")]
                    other: u8,
                }
            ),
            parse_quote!(
                enum Shape {
                    Round,
                    #[fcp(name = "round")]
                    Square,
                }
            ),
            parse_quote!(
                enum Shape {
                    Round,
                    #[fcp(name = "round")]
                    Square(u8),
                }
            ),
            parse_quote!(
                enum Shape {
                    Round {
                        size: u8,
                        #[fcp(name = "size")]
                        other: u8,
                    },
                }
            ),
            parse_quote!(
                enum Shape {
                    HTTPServer,
                    HttpServer(u8),
                    #[fcp(name = "httpserver")]
                    Other,
                }
            ),
        ] {
            assert!(refusal(&input, Derived::Codec).contains("is the name of another one"));
        }
        assert_eq!(
            refusal(
                &parse_quote!(
                    struct Page {
                        r#type: u8,
                        r#struct: u8,
                    }
                ),
                Derived::Codec
            ),
            ""
        );
    }

    #[test]
    fn names_have_one_byte_of_length() {
        let name = |len: usize| -> DeriveInput {
            let name = "n".repeat(len);
            parse_quote!(
                struct Page {
                    #[fcp(name = #name)]
                    title: u8,
                }
            )
        };
        assert_eq!(refusal(&name(255), Derived::Codec), "");
        assert!(refusal(&name(256), Derived::Codec).contains("at most 255 bytes"));
        let name = "n".repeat(256);
        let input = parse_quote!(
            enum Shape {
                #[fcp(name = #name)]
                Round,
            }
        );
        assert!(refusal(&input, Derived::Codec).contains("at most 255 bytes"));
    }

    #[test]
    fn options_stand_in_fields_alone() {
        for input in [
            parse_quote!(
                struct Page {
                    title: Option<Option<u8>>,
                }
            ),
            parse_quote!(
                struct Page {
                    title: Option<Vec<Option<u8>>>,
                }
            ),
            parse_quote!(
                struct Page {
                    title: Vec<Option<u8>>,
                }
            ),
            parse_quote!(
                struct Page {
                    title: Box<core::option::Option<u8>>,
                }
            ),
            parse_quote!(
                struct Page {
                    title: Map<u8, Option<u8>>,
                }
            ),
            parse_quote!(
                struct Page {
                    title: [Option<u8>; 4],
                }
            ),
            parse_quote!(
                struct Page(Option<u8>);
            ),
            parse_quote!(
                enum Shape {
                    Round(Option<u8>),
                }
            ),
            parse_quote!(
                enum Shape {
                    Round { size: Option<Option<u8>> },
                }
            ),
        ] {
            assert!(refusal(&input, Derived::Codec).contains("options do not nest"));
        }
        for input in [
            parse_quote!(
                struct Page {
                    title: Option<u8>,
                    lines: std::option::Option<Vec<Box<u8>>>,
                }
            ),
            parse_quote!(
                struct Page(Vec<u8>);
            ),
            parse_quote!(
                enum Shape {
                    Round(Vec<u8>),
                    Square { size: Option<u8> },
                    Flat,
                }
            ),
        ] {
            assert_eq!(refusal(&input, Derived::Codec), "");
        }
    }

    #[test]
    fn an_attribute_that_would_do_nothing_is_refused() {
        let strong = parse_quote!(
            struct Page {
                #[fcp(strong)]
                target: ObjectId,
            }
        );
        let quorum = parse_quote!(
            struct Page {
                #[fcp(quorum)]
                signatures: InlineSignatures,
            }
        );
        let signature = parse_quote!(
            struct Page {
                #[fcp(signature)]
                signature: Signature,
            }
        );
        let schema = parse_quote!(
            #[fcp(schema = "a:B@1.0.0")]
            struct Page {
                title: u8,
            }
        );
        for input in [&strong, &quorum, &signature, &schema] {
            assert_ne!(refusal(input, Derived::Codec), "");
        }
        for input in [&strong, &quorum] {
            assert_ne!(refusal(input, Derived::Message), "");
            assert_eq!(refusal(input, Derived::Object), "");
        }
        assert_eq!(refusal(&signature, Derived::Message), "");

        let refs = parse_quote!(
            #[fcp(refs = judge)]
            struct Page {
                title: u8,
            }
        );
        assert_ne!(refusal(&refs, Derived::Message), "");
        assert_eq!(refusal(&refs, Derived::Object), "");
        for input in [
            parse_quote!(
                #[fcp(refs = judge)]
                struct Page {
                    #[fcp(strong)]
                    target: ObjectId,
                }
            ),
            parse_quote!(
                struct Page {
                    #[fcp(signature)]
                    one: Signature,
                    #[fcp(signature)]
                    two: Signature,
                }
            ),
            parse_quote!(
                struct Page {
                    #[fcp(quorum)]
                    one: InlineSignatures,
                    #[fcp(quorum)]
                    two: InlineSignatures,
                }
            ),
            parse_quote!(
                struct Page {
                    #[fcp(unsigned)]
                    seq: u64,
                }
            ),
            parse_quote!(
                struct Page {
                    #[fcp(unsigned, signature)]
                    signature: Signature,
                }
            ),
            parse_quote!(
                enum Shape {
                    #[fcp(strong)]
                    Round,
                }
            ),
            parse_quote!(
                enum Shape {
                    Round {
                        #[fcp(strong)]
                        target: ObjectId,
                    },
                }
            ),
            parse_quote!(
                struct Page(#[fcp(name = "title")] u8);
            ),
            parse_quote!(
                #[fcp(schema = "a:B@1.0.0")]
                #[fcp(schema = "a:B@1.0.1")]
                struct Page {
                    title: u8,
                }
            ),
            parse_quote!(
                struct Page {
                    #[fcp(name = "a", name = "b")]
                    title: u8,
                }
            ),
        ] {
            assert_ne!(refusal(&input, Derived::Object), "");
        }
    }
}
