//! On PostgreSQL the coverage of rotations is kept by the database too: a table of which only the
//! changed days are counted again.

use std::time::Duration;

use anyhow::Result;
use query_cache::AnyStore;
use query_cache::view::{KeepingFresh, Refresh, View, Views};

use super::cache::Caches;
use crate::db::Writer;

/// After so long, what others wrote is in the view.
pub const AGE: Duration = Duration::from_secs(1);

const GROUP: [&str; 4] = ["block", "rotation", "day", "slot"];

/// The view `coverage`.
#[derive(Debug)]
pub struct Coverage {
    views: Views<AnyStore>,
    view: View,
    _others: KeepingFresh,
}

impl Coverage {
    /// Makes the view unless it is there, and refreshes what others write; nothing on SQLite.
    ///
    /// # Errors
    /// The view cannot be made.
    pub async fn open(writer: &Writer, caches: &Caches) -> Result<Option<Self>> {
        let Writer::Postgres(pool) = writer else { return Ok(None) };
        let query = "SELECT block, rotation, day, slot, COUNT(*) AS present FROM assignments \
            WHERE rotation IS NOT NULL AND activity <> 'attend' GROUP BY block, rotation, day, slot";
        let view = View::new("coverage", query).key(&GROUP).source("assignments", &GROUP);
        let (view, views) = (view.max_age(AGE), Views::new(pool, &caches.sql));
        views.ensure(&view).await?;
        let others = views.keep_fresh([view.clone()]);
        Ok(Some(Self { views, view, _others: others }))
    }

    /// Brings in what was written before.
    ///
    /// # Errors
    /// The view is as it was.
    pub async fn refresh(&self) -> Result<()> {
        // Who is at it may have begun before the last write.
        while let Refresh::Elsewhere = self.views.refresh(&self.view).await? {
            self.views.settled(&self.view).await?;
        }
        Ok(())
    }
}
