//! Calls through the whole decision: what is allowed, and every way to be denied, each broken in one place only.

mod approvals;
mod execution;
mod explain;
mod flow;
mod grants;
mod helpers;
mod mesh;
mod order;
mod token;
mod verify;
