//! A [`Report`](crate::Report) as text.

mod json;
mod terminal;

pub use json::json;
pub use terminal::{Terminal, terminal};
