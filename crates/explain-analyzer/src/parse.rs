//! Text of a database to a [`Plan`](crate::Plan). Nothing here panics, whatever comes in.

mod json;
mod postgres_json;
mod sqlite;

pub use postgres_json::postgres_json;
pub use sqlite::{SqliteRow, sqlite};
