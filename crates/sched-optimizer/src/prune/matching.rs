//! Workers and the least counts of demands: a flow, found by augmenting paths.

pub(super) struct Slots {
    /// For each worker the demands that can be served.
    options: Vec<Vec<usize>>,
    /// For each demand the workers it needs.
    needs: Vec<u32>,
}

impl Slots {
    pub(super) const fn new(options: Vec<Vec<usize>>, needs: Vec<u32>) -> Self {
        Self { options, needs }
    }

    /// For each worker the demand served, so that every demand has what it needs; `None` when that
    /// is impossible. The worker in `forced` serves that demand or none.
    pub(super) fn fill(
        &self,
        forced: Option<(usize, Option<usize>)>,
    ) -> Option<Vec<Option<usize>>> {
        let mut serves = vec![None; self.options.len()];
        for (demand, &needs) in self.needs.iter().enumerate() {
            for _ in 0..needs {
                let mut seen = vec![false; self.options.len()];
                if !self.augment(demand, forced, &mut serves, &mut seen) {
                    return None;
                }
            }
        }
        Some(serves)
    }

    fn can(&self, worker: usize, demand: usize, forced: Option<(usize, Option<usize>)>) -> bool {
        match forced {
            Some((only, to)) if only == worker => to == Some(demand),
            _ => self.options[worker].contains(&demand),
        }
    }

    /// Finds one more worker for `demand`, who may leave another demand that finds one in turn.
    fn augment(
        &self,
        demand: usize,
        forced: Option<(usize, Option<usize>)>,
        serves: &mut [Option<usize>],
        seen: &mut [bool],
    ) -> bool {
        for worker in 0..self.options.len() {
            if seen[worker] || serves[worker] == Some(demand) || !self.can(worker, demand, forced) {
                continue;
            }
            seen[worker] = true;
            let free = match serves[worker] {
                None => true,
                Some(other) => self.augment(other, forced, serves, seen),
            };
            if free {
                serves[worker] = Some(demand);
                return true;
            }
        }
        false
    }
}
