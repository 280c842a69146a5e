//! The attribute `connector` of `fcp-connector-sdk`.
//!
//! Use it through `fcp-connector-sdk`, which documents what it means; this crate holds only the macro.

mod connector;

use proc_macro::TokenStream;

/// Makes a connector of an inherent `impl` block: implements `fcp_connector_sdk::Connector` for its type.
///
/// `#[connector(manifest = "path")]` names the manifest, from the file that it stands in. In the block,
///
/// - `#[operation("id")]` marks `async fn(&self, cx: &Cx, input: I) -> Result<O, Error>`, where `I` derives `Decode`
///   and `O` derives `Encode`: one for each operation of the manifest;
/// - `#[configure]` marks `async fn(cx: &Cx, settings: S) -> Result<Self, Error>`, where `S` derives `Decode`; without
///   it the connector has no settings and is made by `Default`;
/// - `#[health]` marks `async fn(&self, cx: &Cx) -> Result<Health, Error>`;
/// - `#[shutdown]` marks `async fn(&self, cx: &Cx) -> Result<(), Error>`.
///
/// Whatever else stands in the block stays as it is.
#[proc_macro_attribute]
pub fn connector(attribute: TokenStream, item: TokenStream) -> TokenStream {
    connector::expand(attribute.into(), item.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}
