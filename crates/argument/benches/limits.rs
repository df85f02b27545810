//! Whole proofs, step by step, beside what memory and field products alone would take.
//!
//! `cargo bench -p argument --bench limits` prints one table per system: time of each step, nanoseconds per value,
//! the time that the step's products and bytes would take on this machine at the speed measured at the start, peak
//! memory, proof bytes and verification time. `VOUCH_BENCH_LOG=24` adds larger sizes.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first error")]

use std::collections::BTreeMap;
use std::time::Instant;

use argument::description::{Description, degree};
use argument::parameters::Parameters;
use argument::profile::{F, Goldilocks2, Profile};
use argument::prove::{Reused, commit, prove};
use argument::stack::GroupKind;
use argument::verify::{Statement, verify};
use measure::{Spans, forget_peak, peak_bytes};
use p3_field::{ExtensionField, Field, PackedValue};
use relation::{Assignment, Role, System, test_systems};

type P = Goldilocks2;
type E = <P as Profile>::E;

/// What this machine does, per thread pool: nanoseconds.
struct Machine {
    /// One packed product in the base field.
    base: f64,
    /// One packed product in the challenge field.
    extension: f64,
    /// One byte copied.
    byte: f64,
    /// One byte hashed.
    hash: f64,
}

fn best(mut run: impl FnMut()) -> f64 {
    (0..5)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_nanos() as f64
        })
        .fold(f64::INFINITY, f64::min)
}

impl Machine {
    fn measure() -> Self {
        use p3_symmetric::CryptographicHasher;
        use rayon::prelude::*;

        const LANES: usize = 1 << 10;
        const ROUNDS: usize = 1 << 9;
        let threads = rayon::current_num_threads();
        fn products<A: Copy + Send + Sync + std::ops::Mul<Output = A>>(
            one: A,
            threads: usize,
        ) -> f64 {
            best(|| {
                (0..threads).into_par_iter().for_each(|_| {
                    let mut lanes = vec![one; LANES];
                    for _ in 0..ROUNDS {
                        lanes.iter_mut().for_each(|lane| *lane = *lane * one);
                    }
                    std::hint::black_box(&lanes);
                });
            }) / (LANES * ROUNDS * threads) as f64
        }
        let width = <F as Field>::Packing::WIDTH as f64;
        let base = products(<F as Field>::Packing::from(F::GENERATOR), threads) / width;
        let packed = <E as ExtensionField<F>>::ExtensionPacking::from(E::GENERATOR);
        let extension = products(packed, threads) / width;
        let len = 1 << 26;
        let (from, mut to) = (vec![1u8; len], vec![0u8; len]);
        let byte = best(|| {
            to.par_chunks_mut(1 << 20)
                .zip(from.par_chunks(1 << 20))
                .for_each(|(to, from)| to.copy_from_slice(from));
        }) / len as f64;
        let hash = best(|| {
            from[..1 << 24].par_chunks(512).for_each(|leaf| {
                let digest: [u8; 32] = p3_blake3::Blake3.hash_iter_slices([leaf]);
                std::hint::black_box(digest);
            });
        }) / f64::from(1 << 24);
        Self {
            base,
            extension,
            byte,
            hash,
        }
    }
}

/// Numbers of values by what is done to them.
struct Counts {
    witness: f64,
    parameters: f64,
    fractions: f64,
    log_len: f64,
    rate: f64,
}

impl Counts {
    fn new(system: &System, description: &Description<P>) -> Self {
        let count = |chosen: &dyn Fn(Role) -> bool| -> f64 {
            let columns = system.columns().iter().filter(|column| chosen(column.role));
            columns
                .map(|column| column.shape.iter().product::<usize>() as f64)
                .sum()
        };
        let rows: usize = system
            .relations()
            .iter()
            .filter(|relation| matches!(relation, relation::Relation::Lookup { .. }))
            .map(|relation| relation.shape().iter().product::<usize>())
            .sum();
        Self {
            witness: count(&|role| matches!(role, Role::Witness | Role::Multiplicity)),
            parameters: count(&|role| role == Role::Parameter),
            fractions: rows as f64 + count(&|role| role == Role::Multiplicity),
            log_len: description.stack().log_len as f64,
            rate: f64::from(1u32 << description.parameters().log_inv_rate),
        }
    }

    /// The nanoseconds that products, bytes and hashes alone take.
    fn limit(&self, step: &str, machine: &Machine) -> f64 {
        let all = self.witness + self.parameters;
        let scalar = degree::<P>() as f64 * machine.base;
        match step {
            // The transforms' products, one write and one read of the codewords, one hash of them.
            "commit" => {
                let symbols = self.witness * self.rate;
                symbols
                    * (self.log_len / 2.0 * machine.base
                        + 8.0 * (2.0 * machine.byte + machine.hash))
            }
            // About eleven products for each fraction.
            "lookup" => self.fractions * 11.0 * machine.extension,
            // One product for each operand's value.
            "products" => all * scalar,
            // One product for each functional of a value (about three), and one more.
            "claims" => all * 4.0 * scalar,
            // One product for each value.
            "opening" => all * scalar,
            _ => 0.0,
        }
    }
}

fn run(
    name: &str,
    (system, mut assignment): (System, Assignment),
    spans: &Spans,
    machine: &Machine,
) {
    let parameters = Parameters {
        model_proofs: 100,
        ..Parameters::default()
    };
    let description = Description::<P>::new(system.clone(), parameters).unwrap();
    let counts = Counts::new(&system, &description);
    let mut committed = None;
    if counts.parameters > 0.0 {
        committed = Some(commit(&description, GroupKind::Model, &assignment.columns).unwrap());
    }
    let commitments: Vec<_> = committed
        .iter()
        .map(|(commitment, _)| commitment.clone())
        .collect();
    let (mut least, mut steps, mut memory, mut bytes) = (f64::INFINITY, BTreeMap::new(), None, 0);
    let mut checked = 0.0;
    for _ in 0..3 {
        let permit = committed
            .as_mut()
            .map(|(_, committed)| committed.permit().unwrap());
        let reused = committed
            .iter()
            .zip(permit)
            .map(|((_, committed), permit)| Reused { committed, permit })
            .collect();
        spans.take();
        forget_peak();
        let before = peak_bytes();
        let start = Instant::now();
        let proof = prove(&description, &mut assignment, &commitments, reused).unwrap();
        let time = start.elapsed().as_secs_f64() * 1e3;
        if time < least {
            (least, steps) = (time, spans.take());
            memory = peak_bytes().zip(before).map(|(after, before)| {
                let megabytes = |bytes: u64| bytes as f64 / 1e6;
                (megabytes(after), megabytes(after - before))
            });
            bytes = proof.encode().len();
        }
        let statement = Statement {
            publics: &assignment.statement,
            commitments: &commitments,
        };
        checked = best(|| verify(&description, &statement, &proof).unwrap()) / 1e6;
    }
    let values = counts.witness;
    println!(
        "\n{name}: {values:.0} committed values, {:.0} parameters, {:.0} fractions, rows of 2^{}",
        counts.parameters, counts.fractions, counts.log_len
    );
    println!(
        "{:<16}{:>10}{:>14}{:>12}{:>8}",
        "step", "ms", "ns/value", "limit ms", "ratio"
    );
    for (step, time) in &steps {
        let ms = time * 1e3;
        let limit = counts.limit(step, machine) / 1e6;
        let ratio = if limit > 0.0 {
            format!("{:.1}", ms / limit)
        } else {
            String::new()
        };
        println!(
            "{step:<16}{ms:>10.1}{:>14.1}{limit:>12.1}{ratio:>8}",
            ms * 1e6 / values
        );
    }
    println!("{:<16}{least:>10.1}{:>14.1}", "prove", least * 1e6 / values);
    println!("{:<16}{checked:>10.1}", "verify");
    if let Some((peak, grown)) = memory {
        println!(
            "{:<16}{peak:>10.0} MB, {grown:.0} MB above the start",
            "peak memory"
        );
    }
    println!(
        "{:<16}{bytes:>10} bytes, {:.1} bits",
        "proof",
        description.account().total_bits()
    );
}

fn main() {
    let spans = Spans::install().unwrap();
    let machine = Machine::measure();
    println!(
        "{} threads; ns per packed product F {:.2}, E {:.2}; per byte copied {:.3}, hashed {:.3}",
        rayon::current_num_threads(),
        machine.base,
        machine.extension,
        machine.byte,
        machine.hash
    );
    let most: u32 = std::env::var("VOUCH_BENCH_LOG")
        .ok()
        .and_then(|log| log.parse().ok())
        .unwrap_or(22);
    for log in [16, 20, 22, 24].into_iter().filter(|log| *log <= most) {
        // Rows of 512 through one layer of 512: three values of witness for each output.
        let rows = (1usize << log) / (3 * 512);
        run(
            &format!("matmul {rows}x512x512"),
            test_systems::matmul(rows, 512, 512, 1),
            &spans,
            &machine,
        );
    }
    if most >= 22 {
        run(
            "matmul 1024x1024x1024",
            test_systems::matmul(1024, 1024, 1024, 1),
            &spans,
            &machine,
        );
        let image = test_systems::convolution([64, 64], [56, 56], 3, 1, 1, 1);
        run("convolution 3x3, 64x56x56", image, &spans, &machine);
    }
    run(
        "mlp 1x784x128x10",
        test_systems::mlp(1, &[784, 128, 10], 1),
        &spans,
        &machine,
    );
}
