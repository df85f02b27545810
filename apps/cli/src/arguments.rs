//! What the command line understands.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Zero-knowledge proofs that a machine-learning model was run correctly.
#[derive(Debug, Parser)]
#[command(
    name = "vouch",
    version,
    propagate_version = true,
    max_term_width = 110
)]
pub struct Arguments {
    /// Print one JSON object on standard output instead of a report.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the whole way on a model that comes along: set up, prove, verify, reject a forgery.
    #[command(after_help = "Example:\n  vouch demo")]
    Demo(Demo),
    /// Tell whether a model is supported, which nodes are not and why, and what its proofs would cost. Exits with 0 if it is,
    /// 1 if it is not, 2 if something cannot be read.
    #[command(after_help = "Example:\n  vouch doctor model.onnx")]
    Doctor(Doctor),
    /// Make the keys of a model.
    #[command(
        after_help = "Example:\n  vouch setup model.onnx --calibrate samples.npy --public probabilities -o keys"
    )]
    Setup(Setup),
    /// Run the model of a key without a proof, beside the float model.
    #[command(after_help = "Example:\n  vouch run keys/model.pk input.json -o output.json")]
    Run(Run),
    /// Prove what the model gives for an input, or for a batch of them.
    #[command(after_help = "Example:\n  vouch prove keys/model.pk input.npy -o patient.proof")]
    Prove(Prove),
    /// Check a proof. Exits with 0 if it is accepted, 1 if it is rejected, 2 if something cannot be read.
    #[command(
        after_help = "Example:\n  vouch verify keys/model.vk patient.proof --output output.json"
    )]
    Verify(Verify),
    /// Show what a key, a proof or a seal holds.
    #[command(after_help = "Example:\n  vouch inspect keys/model.vk --security")]
    Inspect(Inspect),
    /// Measure set-up, execution, proof and verification of a model, step by step.
    #[command(after_help = "Example:\n  vouch bench model.onnx input.json")]
    Bench(Bench),
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep keys and proofs in this folder.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The ONNX model.
    #[arg(value_name = "MODEL.onnx")]
    pub model: PathBuf,
    /// How it would be set up.
    #[command(flatten)]
    pub options: Options,
}

/// How a model is set up.
#[derive(Debug, Args)]
pub struct Options {
    /// Data to measure ranges on: .npy, .npz or .json. May be given several times.
    #[arg(long, value_name = "DATA")]
    pub calibrate: Vec<PathBuf>,
    /// Let the verifier see an input, an output, or `parameters`.
    #[arg(long, value_name = "NAME")]
    pub public: Vec<String>,
    /// Hide an input, an output, or `parameters`.
    #[arg(long, value_name = "NAME")]
    pub private: Vec<String>,
    /// Show a commitment to an input or an output that outlives the proof.
    #[arg(long, value_name = "NAME")]
    pub sealed: Vec<String>,
    /// Range of an input's values, as NAME=LO,HI; found from the data if absent.
    #[arg(long, value_name = "NAME=LO,HI", allow_hyphen_values = true)]
    pub range: Vec<String>,
    /// Bits of the parameters.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=24))]
    pub weight_bits: u32,
    /// Bits of what lies between layers: fewer make proofs faster, and results coarser.
    #[arg(long, value_name = "N", default_value_t = 17, value_parser = clap::value_parser!(u32).range(4..=24))]
    pub activation_bits: u32,
    /// Proofs that the key can make.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub max_proofs: usize,
    /// Typical size of an open axis, as NAME=SIZE; proofs of that size are the fastest.
    #[arg(long, value_name = "NAME=SIZE")]
    pub typical: Vec<String>,
    /// Largest size of an open axis, as NAME=SIZE.
    #[arg(long, value_name = "NAME=SIZE")]
    pub limit: Vec<String>,
    /// The one size of an open axis that the key is for, as NAME=SIZE; recurrent networks need it for sequences.
    #[arg(long, value_name = "NAME=SIZE")]
    pub size: Vec<String>,
}

/// Arguments of `setup`.
#[derive(Debug, Args)]
pub struct Setup {
    /// The ONNX model.
    #[arg(value_name = "MODEL.onnx")]
    pub model: PathBuf,
    /// How it is set up.
    #[command(flatten)]
    pub options: Options,
    /// Folder for model.vk and model.pk.
    #[arg(short, long, value_name = "DIR", default_value = "keys")]
    pub output: PathBuf,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The proving key.
    #[arg(value_name = "MODEL.pk")]
    pub key: PathBuf,
    /// The inputs: .npy, .npz or .json.
    #[arg(value_name = "INPUT")]
    pub input: PathBuf,
    /// File for the outputs: .npy, .npz or .json.
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Sizes that the key was made for, as NAME=SIZE, for the float model beside it.
    #[arg(long, value_name = "NAME=SIZE")]
    pub size: Vec<String>,
}

/// Arguments of `prove`.
#[derive(Debug, Args)]
pub struct Prove {
    /// The proving key.
    #[arg(value_name = "MODEL.pk")]
    pub key: PathBuf,
    /// The inputs: .npy, .npz or .json.
    #[arg(value_name = "INPUT")]
    pub input: PathBuf,
    /// File for the proof; the input's name with the ending .proof if absent.
    #[arg(short, long, value_name = "PROOF")]
    pub output: Option<PathBuf>,
    /// Begin even if the proof seems to need more memory than there is.
    #[arg(long)]
    pub skip_memory_check: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The verifying key.
    #[arg(value_name = "MODEL.vk")]
    pub key: PathBuf,
    /// The proof.
    #[arg(value_name = "PROOF")]
    pub proof: PathBuf,
    /// The public inputs that the proof must be about.
    #[arg(long, value_name = "X")]
    pub input: Option<PathBuf>,
    /// The public outputs that the proof must be about.
    #[arg(long, value_name = "Y")]
    pub output: Option<PathBuf>,
    /// The digest that the verifying key must have.
    #[arg(long, value_name = "DIGEST")]
    pub model: Option<String>,
    /// Folder that remembers which keys were checked, so that it is done once per key.
    #[arg(long, value_name = "DIR")]
    pub trusted: Option<PathBuf>,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// A key, a proof or a seal.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show the security account.
    #[arg(long)]
    pub security: bool,
    /// Show what each node of the integer program costs.
    #[arg(long)]
    pub layers: bool,
    /// Size of an open axis that costs and security are shown for, as NAME=SIZE; 1 if absent.
    #[arg(long, value_name = "NAME=SIZE")]
    pub typical: Vec<String>,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// The ONNX model.
    #[arg(value_name = "MODEL.onnx")]
    pub model: PathBuf,
    /// The inputs; random ones in the declared range if absent.
    #[arg(value_name = "INPUT")]
    pub input: Option<PathBuf>,
    /// How it is set up.
    #[command(flatten)]
    pub options: Options,
    /// How often to prove and verify; the median counts.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// Begin even if a proof seems to need more memory than there is.
    #[arg(long)]
    pub skip_memory_check: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_consistent() {
        Arguments::command().debug_assert();
    }
}
