//! The same, where the values only have to be there.

use std::error::Error as StdError;
use std::hash::Hash;
use std::sync::Arc;

use super::{Answer, spawn};
use crate::answer::{Got, Origin, Unanswered};
use crate::cache::Cache;
use crate::clock::now;
use crate::key::Key;
use crate::policy::Policy;
use crate::shape::{Cacheable, Shape};
use crate::store::Backend;
use crate::tiers::Seen;

impl<S: Backend> Cache<S> {
    /// Like [`get_or_load_many`](Self::get_or_load_many), but waits for the refresh of what is stale or
    /// due, and does not count. One answer for each id.
    pub(crate) async fn warm_many<I, T, L, E, F, Fut>(
        &self,
        ids: &[I],
        key: impl Fn(&I) -> Key,
        policy: impl Fn(&I) -> Policy,
        load: F,
    ) -> Vec<Result<Got, Unanswered>>
    where
        I: Clone + Eq + Hash + Send + Sync + 'static,
        T: Cacheable,
        L: IntoIterator<Item = (I, T)>,
        E: Into<Box<dyn StdError + Send + Sync>>,
        F: FnOnce(Vec<I>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<L, E>> + Send + 'static,
    {
        let (shape, asked) = (Shape::of_optional::<T>(), now());
        let keys: Vec<Key> = ids.iter().map(key).collect();
        let looked = self.look_many(&keys).await;
        let mut group = Vec::new();
        let answers = looked.into_iter().enumerate().map(|(at, seen)| match &seen {
            Seen::Fresh(entry) => Answer::Here(Got::new(entry, Origin::Local)),
            Seen::Due(entry) | Seen::Stale(entry) if !self.tiers.may_refresh(entry) => {
                Answer::Here(Got::new(entry, Origin::Local))
            }
            _ => {
                self.take_seat(at, self.fill(&keys[at], policy(&ids[at]), shape, &seen), &mut group)
            }
        });
        let answers: Vec<Answer> = answers.collect();
        if !group.is_empty() {
            let missing = group.iter().map(|seat| ids[seat.at].clone()).collect();
            spawn(Arc::clone(&self.tiers), group, missing, load);
        }
        let mut all = Vec::with_capacity(answers.len());
        for answer in answers {
            all.push(match answer {
                Answer::Here(got) => Ok(got),
                Answer::Awaited(awaited, _) => awaited.answer(asked, None).await,
            });
        }
        all
    }
}
