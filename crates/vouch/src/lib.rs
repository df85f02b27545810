//! Zero-knowledge proofs that a machine-learning model was run correctly.
#![forbid(unsafe_code)]

mod array;
mod backend;
#[cfg(feature = "prove")]
mod budget;
mod content;
mod file;
#[cfg(feature = "prove")]
mod generate;
mod proof;
#[cfg(feature = "prove")]
mod prove;
#[cfg(feature = "prove")]
mod proving;
#[cfg(feature = "prove")]
mod reusable;
mod seal;
#[cfg(feature = "prove")]
mod sealed;
#[cfg(feature = "testing")]
pub mod testing;
mod trusted;
mod verify;
mod verifying;

pub use array::{Array, ArrayError, Arrays};
pub use backend::Security;
#[cfg(feature = "prove")]
pub use budget::BudgetError;
pub use content::{KeyError, MAX_SYMBOL};
pub use file::{FileError, FormatError, VERSION};
#[cfg(feature = "prove")]
pub use generate::{GenerateError, Options};
pub use program::{self, Visibility};
pub use proof::Proof;
#[cfg(feature = "prove")]
pub use prove::{ProveError, Proved};
#[cfg(feature = "prove")]
pub use proving::{ProvingKey, ProvingKeyError};
#[cfg(feature = "prove")]
pub use reusable::CommitError;
pub use seal::{Seal, SealRejected};
#[cfg(feature = "prove")]
pub use sealed::{SealError, Sealed};
pub use trusted::Trusted;
pub use verify::{Accepted, Expected, Rejected};
pub use verifying::{CertificateError, VerifyingKey};
