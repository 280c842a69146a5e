//! Reading `#[fcp(…)]`.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Path, Result, Type};

/// Takes a value once: of two, one would be ignored.
fn set<T>(slot: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(meta.error("stands twice")),
    }
}

/// What the attributes of a type say.
#[derive(Default)]
pub(crate) struct TypeAttributes {
    pub(crate) schema: Option<LitStr>,
    pub(crate) signer: Option<Type>,
    pub(crate) check: Option<Path>,
    pub(crate) refs: Option<Path>,
}

impl TypeAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("fcp")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("schema") {
                    let value = meta.value()?.parse()?;
                    set(&mut read.schema, &meta, value)?;
                } else if meta.path.is_ident("signer") {
                    let value = meta.value()?.parse()?;
                    set(&mut read.signer, &meta, value)?;
                } else if meta.path.is_ident("check") {
                    let value = meta.value()?.parse()?;
                    set(&mut read.check, &meta, value)?;
                } else if meta.path.is_ident("refs") {
                    let value = meta.value()?.parse()?;
                    set(&mut read.refs, &meta, value)?;
                } else {
                    return Err(meta.error("expected `schema`, `signer`, `check` or `refs`"));
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

/// What the attributes of a field or variant say.
#[derive(Default)]
pub(crate) struct ItemAttributes {
    pub(crate) name: Option<String>,
    pub(crate) strong: bool,
    pub(crate) unsigned: bool,
    pub(crate) signature: Option<SignatureView>,
    pub(crate) quorum: Option<QuorumView>,
}

/// How the unsigned view treats the signature's key (D3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureView {
    Removed,
    Empty,
}

/// What a quorum signs (D31).
pub(crate) enum QuorumView {
    /// The bytes of the view without the slot.
    Removed,
    /// The digest, under this domain, of the view with the empty slot.
    Digest(LitStr),
}

impl ItemAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("fcp")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    let name = meta.value()?.parse::<LitStr>()?.value();
                    set(&mut read.name, &meta, name)?;
                } else if meta.path.is_ident("strong") {
                    read.strong = true;
                } else if meta.path.is_ident("unsigned") {
                    read.unsigned = true;
                } else if meta.path.is_ident("signature") {
                    read.signature = Some(match meta.value() {
                        Ok(value) if value.parse::<LitStr>()?.value() == "empty" => SignatureView::Empty,
                        Ok(_) => return Err(meta.error("expected `signature` or `signature = \"empty\"`")),
                        Err(_) => SignatureView::Removed,
                    });
                } else if meta.path.is_ident("quorum") {
                    read.quorum = Some(match meta.value() {
                        Ok(value) => QuorumView::Digest(value.parse()?),
                        Err(_) => QuorumView::Removed,
                    });
                } else {
                    return Err(meta.error("expected `name`, `strong`, `unsigned`, `signature` or `quorum`"));
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
    /// Whether the item is more than a part of what is encoded.
    pub(crate) const fn has_role(&self) -> bool {
        self.strong || self.unsigned || self.signature.is_some() || self.quorum.is_some()
    }
}
