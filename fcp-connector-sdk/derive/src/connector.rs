//! From an `impl` block to an implementation of the trait.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::{Attribute, Error, Ident, ImplItem, ImplItemFn, ItemImpl, LitStr, Result};

/// A method that carries one of our markers.
enum Role {
    Operation(LitStr),
    Configure,
    Health,
    Shutdown,
}

/// The methods that were found.
#[derive(Default)]
struct Methods {
    operations: Vec<(LitStr, Ident)>,
    configure: Option<Ident>,
    health: Option<Ident>,
    shutdown: Option<Ident>,
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let manifest = manifest(attribute)?;
    let mut block: ItemImpl = syn::parse2(item)?;
    if let Some((_, path, _)) = &block.trait_ {
        return Err(Error::new_spanned(path, "expected an inherent `impl` block"));
    }
    if let Some(parameter) = block.generics.params.first() {
        return Err(Error::new_spanned(parameter, "a connector has no parameters"));
    }
    let mut methods = Methods::default();
    for item in &mut block.items {
        if let ImplItem::Fn(function) = item
            && let Some(role) = take_role(function)?
        {
            methods.add(role, function)?;
        }
    }
    if methods.operations.is_empty() {
        return Err(Error::new_spanned(&block.self_ty, "expected at least one `#[operation(\"id\")]`"));
    }
    let implementation = implement(&block, &manifest, &methods);
    Ok(quote!(#block #implementation))
}

fn manifest(attribute: TokenStream) -> Result<LitStr> {
    let mut manifest = None;
    syn::meta::parser(|meta| {
        if meta.path.is_ident("manifest") {
            manifest = Some(meta.value()?.parse::<LitStr>()?);
            Ok(())
        } else {
            Err(meta.error("expected `manifest = \"path\"`"))
        }
    })
    .parse2(attribute)?;
    manifest.ok_or_else(|| Error::new(proc_macro2::Span::call_site(), "expected `manifest = \"path\"`"))
}

/// Takes our marker off the function.
fn take_role(function: &mut ImplItemFn) -> Result<Option<Role>> {
    let mut role = None;
    let mut kept = Vec::with_capacity(function.attrs.len());
    for attribute in function.attrs.drain(..) {
        match read_role(&attribute)? {
            None => kept.push(attribute),
            Some(_) if role.is_some() => return Err(Error::new_spanned(attribute, "a method has one part to play")),
            found => role = found,
        }
    }
    function.attrs = kept;
    Ok(role)
}

fn read_role(attribute: &Attribute) -> Result<Option<Role>> {
    let path = attribute.path();
    Ok(if path.is_ident("operation") {
        let id: LitStr = attribute.parse_args()?;
        check_id(&id)?;
        Some(Role::Operation(id))
    } else if path.is_ident("configure") {
        Some(Role::Configure)
    } else if path.is_ident("health") {
        Some(Role::Health)
    } else if path.is_ident("shutdown") {
        Some(Role::Shutdown)
    } else {
        None
    })
}

/// Refuses an operation id outside of the grammar of §3.4.2 while the user's crate compiles.
fn check_id(id: &LitStr) -> Result<()> {
    let text = id.value();
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let well_formed = (1..=128).contains(&text.len())
        && text.bytes().enumerate().all(|(at, byte)| letter(byte) || (at > 0 && b"._:-".contains(&byte)));
    if well_formed { Ok(()) } else { Err(Error::new_spanned(id, "expected an id of `^[a-z0-9][a-z0-9._:-]*$`")) }
}

impl Methods {
    fn add(&mut self, role: Role, function: &ImplItemFn) -> Result<()> {
        let signature = &function.sig;
        if signature.asyncness.is_none() {
            return Err(Error::new_spanned(signature.fn_token, "expected an `async fn`"));
        }
        let (wanted, form) = match role {
            Role::Operation(_) => (3, "`&self, cx: &Cx, input`"),
            Role::Configure => (2, "`cx: &Cx, settings`"),
            Role::Health | Role::Shutdown => (2, "`&self, cx: &Cx`"),
        };
        if signature.inputs.len() != wanted || signature.receiver().is_some() == matches!(role, Role::Configure) {
            return Err(Error::new_spanned(&signature.inputs, format!("expected the arguments {form}")));
        }
        let name = signature.ident.clone();
        let place = match role {
            Role::Operation(id) => {
                if self.operations.iter().any(|(other, _)| other.value() == id.value()) {
                    return Err(Error::new_spanned(id, "this operation stands twice"));
                }
                self.operations.push((id, name));
                return Ok(());
            }
            Role::Configure => &mut self.configure,
            Role::Health => &mut self.health,
            Role::Shutdown => &mut self.shutdown,
        };
        match place.replace(name) {
            None => Ok(()),
            Some(_) => Err(Error::new_spanned(&signature.ident, "another method plays this part already")),
        }
    }
}

fn implement(block: &ItemImpl, manifest: &LitStr, methods: &Methods) -> TokenStream {
    let connector = &block.self_ty;
    let ids = methods.operations.iter().map(|(id, _)| id);
    let arms = methods.operations.iter().map(|(id, name)| {
        quote! {
            #id => {
                let input = ::fcp_connector_sdk::operation::from_value(&input)?;
                ::fcp_connector_sdk::operation::to_value(&Self::#name(self, cx, input).await?)
            }
        }
    });
    let configure = match &methods.configure {
        Some(name) => quote! {
            let settings = ::fcp_connector_sdk::connector::read_configuration(&configuration)?;
            Self::#name(cx, settings).await
        },
        None => quote! {
            let _ = cx;
            ::fcp_connector_sdk::connector::without_configuration(&configuration)
        },
    };
    let health = methods.health.as_ref().map(|name| {
        quote! {
            async fn health(
                &self,
                cx: &::fcp_connector_sdk::Cx,
            ) -> ::core::result::Result<::fcp_connector_sdk::Health, ::fcp_connector_sdk::Error> {
                Self::#name(self, cx).await
            }
        }
    });
    let shutdown = methods.shutdown.as_ref().map(|name| {
        quote! {
            async fn shutdown(
                &self,
                cx: &::fcp_connector_sdk::Cx,
            ) -> ::core::result::Result<(), ::fcp_connector_sdk::Error> {
                Self::#name(self, cx).await
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl ::fcp_connector_sdk::Connector for #connector {
            const MANIFEST: &'static str = ::core::include_str!(#manifest);
            const OPERATIONS: &'static [&'static str] = &[#(#ids),*];

            async fn configure(
                cx: &::fcp_connector_sdk::Cx,
                configuration: ::fcp_connector_sdk::Value,
            ) -> ::core::result::Result<Self, ::fcp_connector_sdk::Error> {
                #configure
            }

            async fn invoke(
                &self,
                cx: &::fcp_connector_sdk::Cx,
                operation: &::fcp_connector_sdk::OperationId,
                input: ::fcp_connector_sdk::Value,
            ) -> ::core::result::Result<::fcp_connector_sdk::Value, ::fcp_connector_sdk::Error> {
                match operation.as_str() {
                    #(#arms)*
                    _ => Err(::fcp_connector_sdk::Error::from(
                        ::fcp_connector_sdk::Reason::ExecutionUnknownOperation,
                    )),
                }
            }

            #health
            #shutdown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::expand;
    use proc_macro2::TokenStream;
    use quote::quote;

    fn fault(attribute: TokenStream, item: TokenStream) -> String {
        expand(attribute, item).unwrap_err().to_string()
    }

    #[test]
    fn markers_are_taken_off_and_everything_else_stays() {
        let block = quote! {
            impl Notebook {
                #[operation("page.size")]
                #[inline]
                async fn size(&self, cx: &Cx, input: Page) -> Result<u64, Error> { todo() }
                #[configure]
                async fn new(cx: &Cx, settings: Settings) -> Result<Self, Error> { todo() }
                fn helper(&self) {}
            }
        };
        let expanded = expand(quote!(manifest = "manifest.toml"), block).unwrap().to_string();
        assert!(!expanded.contains("operation (\"") && !expanded.contains("[configure]"), "{expanded}");
        for part in ["inline", "fn helper", "include_str", "\"page.size\" =>", "Self :: new (cx , settings)"] {
            assert!(expanded.contains(part), "{part}: {expanded}");
        }
        assert!(!expanded.contains("without_configuration"));
    }

    #[test]
    fn what_cannot_become_a_connector_is_refused_where_it_stands() {
        let manifest = || quote!(manifest = "manifest.toml");
        let operation = quote! {
            #[operation("a")]
            async fn a(&self, cx: &Cx, input: I) -> Result<O, Error> { todo() }
        };
        assert_eq!(fault(quote!(), quote!(impl A {})), "expected `manifest = \"path\"`");
        assert_eq!(fault(quote!(path = "a"), quote!(impl A {})), "expected `manifest = \"path\"`");
        for (block, message) in [
            (quote!(impl A {}), "expected at least one `#[operation(\"id\")]`"),
            (quote!(impl B for A { #operation }), "expected an inherent `impl` block"),
            (quote!(impl<T> A<T> { #operation }), "a connector has no parameters"),
            (quote!(impl A { #operation #operation }), "this operation stands twice"),
            (
                quote!(impl A { #[operation("A")] async fn a(&self, cx: &Cx, input: I) {} }),
                "expected an id of `^[a-z0-9][a-z0-9._:-]*$`",
            ),
            (quote!(impl A { #[operation("a")] fn a(&self, cx: &Cx, input: I) {} }), "expected an `async fn`"),
            (
                quote!(impl A { #[operation("a")] async fn a(&self, cx: &Cx) {} }),
                "expected the arguments `&self, cx: &Cx, input`",
            ),
            (
                quote!(impl A { #operation #[configure] async fn b(&self, cx: &Cx) {} }),
                "expected the arguments `cx: &Cx, settings`",
            ),
            (
                quote!(impl A { #operation #[health] #[shutdown] async fn b(&self, cx: &Cx) {} }),
                "a method has one part to play",
            ),
            (
                quote!(impl A {
                    #operation
                    #[health] async fn b(&self, cx: &Cx) {}
                    #[health] async fn c(&self, cx: &Cx) {}
                }),
                "another method plays this part already",
            ),
        ] {
            assert_eq!(fault(manifest(), block), message);
        }
    }
}
