//! Where plans come from.

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::plan::Plan;
use crate::statement::Statement;

/// Gives the plan of a statement.
///
/// A closure `Fn(Statement) -> impl Future<Output = Result<Plan, E>>` is a source.
///
/// ```
/// use explain_analyzer::{Backend, Error, Plan, PlanSource, Statement, parse};
///
/// /// Plans that were saved, as `auto_explain` logs them.
/// struct Logged(Vec<String>);
///
/// impl PlanSource for Logged {
///     type Error = Error;
///
///     async fn plan(&self, statement: &Statement) -> Result<Plan, Error> {
///         let wanted = statement.single(Backend::Postgres)?;
///         let plans = self.0.iter().filter_map(|text| parse::postgres_json(text).ok());
///         let mut plans = plans.filter(|plan| plan.statement.as_deref() == Some(wanted));
///         plans.next().ok_or(Error::NoPlan)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let entry = r#"{"Query Text": "SELECT 1", "Plan": {"Node Type": "Result"}}"#;
/// let log = Logged(vec![entry.to_owned()]);
/// assert_eq!(log.plan(&Statement::new("SELECT 1;")).await?.nodes().len(), 1);
/// # Ok(())
/// # }
/// ```
pub trait PlanSource: Send + Sync {
    /// What it reports when it has no plan.
    type Error: Error + Send + Sync + 'static;

    /// The plan of `statement`. Must not change anything that lasts.
    fn plan(&self, statement: &Statement)
    -> impl Future<Output = Result<Plan, Self::Error>> + Send;
}

impl<F, Answer, E> PlanSource for F
where
    F: Fn(Statement) -> Answer + Send + Sync,
    Answer: Future<Output = Result<Plan, E>> + Send,
    E: Error + Send + Sync + 'static,
{
    type Error = E;

    fn plan(&self, statement: &Statement) -> impl Future<Output = Result<Plan, E>> + Send {
        self(statement.clone())
    }
}

impl<S: PlanSource> PlanSource for Arc<S> {
    type Error = S::Error;

    fn plan(&self, statement: &Statement) -> impl Future<Output = Result<Plan, S::Error>> + Send {
        S::plan(self, statement)
    }
}

/// A source picked at run time. One allocation a call; use a generic where the backend is fixed.
#[derive(Clone)]
pub struct AnyPlanSource(Arc<dyn Erased>);

impl AnyPlanSource {
    /// Hides which source it is.
    pub fn new(source: impl PlanSource + 'static) -> Self {
        Self(Arc::new(source))
    }
}

impl fmt::Debug for AnyPlanSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyPlanSource").finish_non_exhaustive()
    }
}

/// What a source picked at run time reported.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct AnyPlanError(Box<dyn Error + Send + Sync>);

impl PlanSource for AnyPlanSource {
    type Error = AnyPlanError;

    async fn plan(&self, statement: &Statement) -> Result<Plan, AnyPlanError> {
        self.0.plan_boxed(statement).await
    }
}

type Boxed<'a> = Pin<Box<dyn Future<Output = Result<Plan, AnyPlanError>> + Send + 'a>>;

trait Erased: Send + Sync {
    fn plan_boxed<'a>(&'a self, statement: &'a Statement) -> Boxed<'a>;
}

impl<S: PlanSource> Erased for S {
    fn plan_boxed<'a>(&'a self, statement: &'a Statement) -> Boxed<'a> {
        Box::pin(async move {
            self.plan(statement).await.map_err(|error| AnyPlanError(Box::new(error)))
        })
    }
}
