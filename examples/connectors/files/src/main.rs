//! The connector's process.

fcp_connector_sdk::connector_main!(fcp_connector_files::Files);
