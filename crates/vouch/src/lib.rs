//! Zero-knowledge proofs that a machine-learning model was run correctly.
//!
//! A [`ProvingKey`] is made once for an integer program and its parameters; it proves, for inputs of any size up to
//! its limits, what the model gives. The [`VerifyingKey`] that belongs to it accepts such proofs and nothing else. Who
//! sees an input, output or parameter is chosen for each of them: [`Visibility`].
//!
//! ```
//! # #[cfg(feature = "prove")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use vouch::program::operator::{Contract, Rescale};
//! use vouch::program::{Dim, Encoding, Input, Interval, Node, Operator, Output, Parameter, Program, Tensor, ValueId};
//! use vouch::{Array, Expected, Options, ProvingKey, Visibility};
//!
//! // y = W x, with three fraction bits everywhere, private weights and a private input.
//! let node = |name: &str, operator, inputs: &[usize]| Node {
//!     name: name.into(),
//!     operator,
//!     inputs: inputs.iter().map(|&node| ValueId { node, output: 0 }).collect(),
//! };
//! let contract = Contract { rank: 2, a_labels: vec![0, 2], b_labels: vec![1, 2] };
//! let program = Program {
//!     symbols: vec!["batch".into()],
//!     inputs: vec![Input {
//!         name: "x".into(),
//!         shape: vec![Dim::Symbol(0), Dim::Known(2)],
//!         interval: Interval::new(-128, 127),
//!         encoding: Encoding::Fixed(3),
//!         visibility: Visibility::Private,
//!     }],
//!     parameters: vec![Parameter {
//!         name: "W".into(),
//!         shape: vec![1, 2],
//!         interval: Interval::new(-16, 15),
//!         visibility: Visibility::Private,
//!         value: None,
//!     }],
//!     nodes: vec![
//!         node("x", Operator::Input(0), &[]),
//!         node("W", Operator::Parameter(0), &[]),
//!         node("product", Operator::Contract(contract), &[0, 1]),
//!         node("y", Operator::Rescale(Rescale { shift: 3, interval: None }), &[2]),
//!     ],
//!     outputs: vec![Output {
//!         name: "y".into(),
//!         value: ValueId { node: 3, output: 0 },
//!         encoding: Encoding::Fixed(3),
//!         visibility: Visibility::Public,
//!     }],
//! };
//! let weights = Tensor::from_i64s(vec![1, 2], vec![12, -4])?; // 1.5 and -0.5
//! let pk = ProvingKey::generate(program, vec![weights.into()], &Options::default())?;
//!
//! let x = Array::new([3, 2], [1.0, 2.0, 0.5, -3.0, 4.0, 4.0]);
//! let proved = pk.prove(&[("x".into(), x)].into())?;
//!
//! let vk = pk.verifying_key();
//! let accepted = vk.verify(&proved.proof, &Expected::default())?;
//! assert_eq!(accepted.outputs["y"].data, [0.5, 2.25, 4.0]);
//! assert!(accepted.inputs.is_empty() && accepted.security_bits >= 100.0);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "prove"))]
//! # fn main() {}
//! ```
//!
//! Architecture invariants:
//!
//! - Real numbers are rounded and decoded here and nowhere below; everything that is proven is about integers.
//! - Every key is in zero knowledge and has at least 100 bits of proven security: no file can ask for less.
//! - Every commitment that is used again has a budget, which is spent on disk before a proof is made.
//! - What is committed ahead of a proof comes with a certificate that it lies in its intervals, and the
//!   verifier checks it before it relies on these.
//! - A file has one encoding. Reading it takes memory in proportion to its bytes; nothing in it makes a reader panic.
//! - Without the feature `prove` there is no prover, no thread and no temporary file.
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate self as vouch;

/// Makes errors from large ones by boxing these: results stay small.
macro_rules! boxed {
    ($error:ident: $($variant:ident($source:ty)),*) => {
        $(impl From<$source> for $error {
            fn from(source: $source) -> Self {
                Self::$variant(Box::new(source))
            }
        })*
    };
}
pub(crate) use boxed;

#[cfg(feature = "onnx")]
mod accuracy;
#[cfg(feature = "prove")]
mod archive;
mod array;
mod backend;
#[cfg(feature = "prove")]
mod budget;
mod check;
mod content;
mod estimate;
mod file;
#[cfg(all(test, feature = "prove"))]
mod forgeries;
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
#[cfg(feature = "onnx")]
mod setup;
#[cfg(feature = "testing")]
pub mod testing;
mod trusted;
mod verify;
mod verifying;

#[cfg(feature = "onnx")]
pub use accuracy::Accuracy;
pub use array::{Array, ArrayError, Arrays};
pub use backend::Security;
#[cfg(feature = "prove")]
pub use budget::BudgetError;
pub use content::{KeyError, MAX_SYMBOL};
pub use estimate::{Estimate, Layer};
pub use file::{FileError, FileKind, FormatError, VERSION, kind_of};
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
#[cfg(feature = "onnx")]
pub use setup::{Diagnosis, FloatModel, Made, Setup, SetupError};
pub use trusted::Trusted;
pub use verify::{Accepted, Expected, Rejected};
pub use verifying::{CertificateError, VerifyingKey};
