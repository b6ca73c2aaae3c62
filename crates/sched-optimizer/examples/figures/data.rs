//! Problems to measure on.

#[path = "../shift_scheduling/fault.rs"]
mod fault;
#[path = "../shift_scheduling/files.rs"]
#[expect(dead_code, reason = "nothing is written")]
mod files;
#[path = "../shift_scheduling/generate.rs"]
mod generate;
#[path = "../shift_scheduling/instance.rs"]
mod instance;
#[path = "../shift_scheduling/model.rs"]
mod model;
#[path = "../shift_scheduling/parse.rs"]
mod parse;

use std::error::Error;
use std::path::PathBuf;

use sched_optimizer::Problem;

use crate::programme::Size;
use instance::Instance;

/// 60 people over four weeks of mornings, afternoons and nights.
pub(crate) const SIXTY: Size = Size { residents: 44, faculty: 16, days: 28, load: 100, seed: 1 };

/// Why instances are missing.
pub(crate) const MISSING: &str = "ROSTER_DATA names no folder with it";

/// Where the published instances are.
pub(crate) struct Data {
    folder: Option<PathBuf>,
}

impl Data {
    pub(crate) fn of_environment() -> Self {
        let folder = std::env::var_os("ROSTER_DATA").filter(|value| !value.is_empty());
        Self { folder: folder.map(PathBuf::from) }
    }

    /// A published instance; `None` when it is not at hand.
    pub(crate) fn instance(&self, number: u32) -> Result<Option<Problem>, Box<dyn Error>> {
        Ok(self.read(number)?.as_ref().map(model::problem).transpose()?)
    }

    /// The same when the first of the staff has left.
    pub(crate) fn without_the_first(&self, number: u32) -> Result<Option<Problem>, Box<dyn Error>> {
        let Some(mut instance) = self.read(number)? else { return Ok(None) };
        instance.staff.remove(0);
        instance.requests.retain_mut(|request| {
            let others = request.employee > 0;
            request.employee = request.employee.saturating_sub(1);
            others
        });
        Ok(Some(model::problem(&instance)?))
    }

    fn read(&self, number: u32) -> Result<Option<Instance>, Box<dyn Error>> {
        let path = |folder: &PathBuf| folder.join(format!("curtois-qu/Instance{number}.txt"));
        let Some(path) = self.folder.as_ref().map(path).filter(|path| path.is_file()) else {
            return Ok(None);
        };
        Ok(Some(files::read(&path, parse::parse)?))
    }
}

/// What `make_instance` makes of these sizes.
pub(crate) fn made_up(staff: usize, days: usize, shifts: usize) -> Result<Problem, Box<dyn Error>> {
    let size = generate::Size { staff, days, shifts };
    Ok(model::problem(&generate::generate(size, 0))?)
}
