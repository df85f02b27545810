//! Records the witness of one node.

use super::narrowed;
use crate::lower::Request;
use relation::Tensor;

/// Takes the witness of a node, value by value, in the order in which the node's operator declared it.
#[derive(Debug)]
pub struct Recorder<'a> {
    requests: &'a [Request],
    columns: &'a mut [Tensor],
}

impl<'a> Recorder<'a> {
    /// A recorder that fills the columns behind `requests`; it forgets what it is told if there are none.
    pub fn new(requests: &'a [Request], columns: &'a mut [Tensor]) -> Self {
        Self { requests, columns }
    }

    /// Records values that the operator has at hand.
    pub fn witness(&mut self, values: &[i64]) {
        if let Some(request) = self.next() {
            self.fill(request, values);
        }
    }

    /// Records values that are computed only if a column holds them.
    pub fn witness_with(&mut self, values: impl FnOnce() -> Vec<i64>) {
        if let Some(request) = self.next()
            && !request.limbs.is_empty()
        {
            self.fill(request, &values());
        }
    }

    fn next(&mut self) -> Option<&'a Request> {
        let (request, rest) = self.requests.split_first()?;
        self.requests = rest;
        Some(request)
    }

    fn fill(&mut self, request: &Request, values: &[i64]) {
        for limb in &request.limbs {
            let data = narrowed(values, |value| limb.of(value));
            if let Some(column) = self.columns.get_mut(limb.column.0) {
                column.data = data;
            }
        }
    }
}
