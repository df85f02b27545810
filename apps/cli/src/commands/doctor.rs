//! `vouch doctor`.

use super::{prepare, setup, show_estimate};
use crate::arguments::Doctor;
use crate::clock::Clock;
use crate::outcome::Outcome;
use anyhow::{Error, Result};
use measure::peak_bytes;
use serde_json::json;
use vouch::{Diagnosis, SetupError};

/// What stands in the way of reading a model, if it is nodes.
///
/// Errors: the same one, if it is not.
fn unread(error: Error) -> Result<Diagnosis> {
    let nodes = error.downcast_ref().map(SetupError::unsupported);
    let unsupported = nodes.unwrap_or_default().to_vec();
    if unsupported.is_empty() {
        return Err(error);
    }
    Ok(Diagnosis {
        unsupported,
        ..Diagnosis::default()
    })
}

/// Tells what is not supported, or what proofs would cost.
pub fn run(arguments: &Doctor) -> Result<Outcome> {
    let mut clock = Clock::new();
    let prepared = clock.step("read", "reading the model", || {
        prepare::prepare(&arguments.model, &arguments.options)
    });
    let found = match prepared {
        Ok(prepared) => clock.step("diagnose", "looking at every node", || prepared.diagnose())?,
        Err(error) => unread(error)?,
    };
    let mut outcome = Outcome::default();
    let is_supported = found.unsupported.is_empty();
    outcome.line(format!(
        "{} is {}supported",
        arguments.model.display(),
        if is_supported { "" } else { "not " }
    ));
    if !is_supported {
        let mut rows = vec![["node", "operator", "reason"].map(String::from).to_vec()];
        rows.extend(
            found
                .unsupported
                .iter()
                .map(|one| vec![one.node.clone(), one.operator.clone(), one.reason.clone()]),
        );
        outcome.table(&rows);
    }
    if let Some(estimate) = &found.estimate {
        show_estimate(&mut outcome, estimate);
    }
    setup::remarks(&mut outcome, &found.notes, &found.public_constants);
    let unsupported: Vec<_> = { found.unsupported.iter() }
        .map(|one| json!({ "node": one.node, "operator": one.operator, "reason": one.reason }))
        .collect();
    outcome.more.insert("supported".into(), is_supported.into());
    outcome
        .more
        .insert("unsupported".into(), unsupported.into());
    outcome.seconds = clock.seconds;
    outcome.peak_bytes = peak_bytes();
    Ok(outcome)
}
