//! A small network proven in zero knowledge: private weights and input, public output.
//!
//! The network is written down as relations by hand: three fully connected layers of integers, each
//! `rescale(W x + b)` with a relu. Run with `cargo run --release --example prove -p argument`.

use std::error::Error;
use std::time::Instant;

use argument::description::Description;
use argument::parameters::Parameters;
use argument::profile::{Goldilocks2, Profile};
use argument::proof::Proof;
use argument::prove::{Reused, commit, prove};
use argument::stack::GroupKind;
use argument::verify::{Statement, verify};
use relation::{
    Assignment, Builder, ColumnId, Combination, Einsum, Interval, Role, Source, System, TableId,
    Tensor, Value, View,
};

type Any<T> = Result<T, Box<dyn Error>>;

/// Bits that a layer's rescale drops.
const SHIFT: u32 = 8;
/// Activations lie in `0..2^ACTIVATION`.
const ACTIVATION: u32 = 14;
/// Sizes of the layers.
const SIZES: [usize; 4] = [64, 48, 24, 10];
/// Rows proven at once.
const BATCH: usize = 3;

/// The system under construction with its values.
struct Network {
    builder: Builder,
    columns: Vec<(ColumnId, Tensor)>,
    remainders: TableId,
    activations: TableId,
}

/// A fixed sequence of small numbers: the example's weights and input.
fn numbers(seed: u64, count: usize, low: i64, high: i64) -> Vec<i64> {
    let mut state = seed;
    let width = high - low + 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            low + (state >> 33) as i64 % width
        })
        .collect()
}

impl Network {
    fn new() -> Any<Self> {
        let mut builder = System::builder();
        let mut range = |name: &str, bits: u32| -> Any<TableId> {
            let values = Tensor::from_i64s(vec![1 << bits], (0..1 << bits).collect())?;
            let id = builder.constant(name, values);
            let view = builder.public_view(id)?;
            Ok(builder.table(name, vec![view.into()]))
        };
        let (remainders, activations) =
            (range("remainder", SHIFT)?, range("activation", ACTIVATION)?);
        Ok(Self {
            builder,
            columns: Vec::new(),
            remainders,
            activations,
        })
    }

    /// Adds a column with its values.
    fn column(
        &mut self,
        name: &str,
        role: Role,
        interval: Interval,
        shape: &[usize],
        values: Vec<i64>,
    ) -> Any<View> {
        let id = self.builder.column(name, shape, role, interval);
        self.columns
            .push((id, Tensor::from_i64s(shape.to_vec(), values)?));
        Ok(View::identity(Source::Column(id), shape)?)
    }

    /// Adds a witness column that a table keeps in its range.
    fn checked(
        &mut self,
        name: &str,
        bits: u32,
        table: TableId,
        shape: &[usize],
        values: Vec<i64>,
    ) -> Any<View> {
        let view = self.column(
            name,
            Role::Witness,
            Interval::new(0, (1 << bits) - 1),
            shape,
            values,
        )?;
        self.builder.lookup(name, vec![view.clone().into()], table);
        Ok(view)
    }

    /// `relu(rescale(W x + b))`: returns the activations.
    fn layer(
        &mut self,
        number: usize,
        input: (&View, &[i64]),
        output: Option<View>,
    ) -> Any<(View, Vec<i64>)> {
        let (n, m) = (SIZES[number], SIZES[number + 1]);
        let (x, values) = input;
        let weights = numbers(number as u64 + 1, n * m, -128, 127);
        let bias = numbers(number as u64 + 11, m, -2000, 2000);
        let mut parts = [Vec::new(), Vec::new(), Vec::new()];
        for row in values.chunks(n) {
            for j in 0..m {
                let sum: i64 = (0..n).map(|i| row[i] * weights[j * n + i]).sum::<i64>() + bias[j];
                // floor((sum + half) / 2^SHIFT) = quotient, split into its positive and negative part.
                let shifted = sum + (1 << (SHIFT - 1));
                let quotient = shifted >> SHIFT;
                parts[0].push(shifted - (quotient << SHIFT));
                parts[1].push(quotient.max(0));
                parts[2].push((-quotient).max(0));
            }
        }
        let [remainder, positive, negative] = parts;
        let weight_range = Interval::new(-128, 127);
        let w = self.column(
            &format!("weights {number}"),
            Role::Parameter,
            weight_range,
            &[m, n],
            weights,
        )?;
        let b = self.column(
            &format!("bias {number}"),
            Role::Parameter,
            Interval::new(-2000, 2000),
            &[m],
            bias,
        )?;
        let shape = [BATCH, m];
        let (remainders, activations) = (self.remainders, self.activations);
        let r = self.checked(
            &format!("remainder {number}"),
            SHIFT,
            remainders,
            &shape,
            remainder,
        )?;
        let p = self.checked(
            &format!("positive {number}"),
            ACTIVATION,
            activations,
            &shape,
            positive.clone(),
        )?;
        let q = self.checked(
            &format!("negative {number}"),
            ACTIVATION,
            activations,
            &shape,
            negative,
        )?;
        // 2^s (p - q) + r - half - b = W x, and p q = 0.
        let scale = 1i64 << SHIFT;
        let left = Combination::from(p.clone())
            .times(scale)?
            .plus_times(-scale, q.clone())?
            .plus(r)?
            .minus(b.insert_axis(0)?.broadcast(0, BATCH)?)?
            .plus_constant(-(scale / 2))?;
        let contraction = Einsum {
            coefficient: 1,
            a: x.clone().into(),
            a_labels: vec![0, 2],
            b: w.into(),
            b_labels: vec![1, 2],
        };
        self.builder
            .product(&format!("layer {number}"), left, vec![contraction]);
        let both = Einsum {
            coefficient: 1,
            a: p.clone().into(),
            a_labels: vec![0, 1],
            b: q.into(),
            b_labels: vec![0, 1],
        };
        self.builder.product(
            &format!("relu {number}"),
            Combination::zero(&shape),
            vec![both],
        );
        if let Some(output) = output {
            self.builder
                .linear("output", Combination::from(p.clone()).minus(output)?);
        }
        Ok((p, positive))
    }

    fn build() -> Any<(System, Assignment)> {
        let mut network = Self::new()?;
        let input = numbers(99, BATCH * SIZES[0], 0, 255);
        let activations = network.activations;
        let mut x = network.checked(
            "input",
            ACTIVATION,
            activations,
            &[BATCH, SIZES[0]],
            input.clone(),
        )?;
        let mut values = input;
        let last = SIZES.len() - 2;
        let shape = [BATCH, SIZES[last + 1]];
        let range = Interval::new(0, (1 << ACTIVATION) - 1);
        let y = network
            .builder
            .public("output", &shape, range, Value::Statement);
        for number in 0..=last {
            let output = if number == last {
                Some(network.builder.public_view(y)?)
            } else {
                None
            };
            (x, values) = network.layer(number, (&x, &values), output)?;
        }
        let system = network.builder.build()?;
        let mut columns: Vec<Tensor> = system
            .columns()
            .iter()
            .map(|column| {
                Tensor::from_i64s(column.shape.clone(), vec![0; column.shape.iter().product()])
            })
            .collect::<Result<_, _>>()?;
        for (id, tensor) in network.columns {
            columns[id.0] = tensor;
        }
        Ok((
            system,
            Assignment {
                columns,
                statement: vec![Tensor::from_i64s(shape.to_vec(), values)?],
            },
        ))
    }
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = run();
    println!("{what:<28}{:>10.1} ms", start.elapsed().as_secs_f64() * 1e3);
    value
}

fn main() -> Any<()> {
    run::<Goldilocks2>()
}

fn run<P: Profile>() -> Any<()>
where
    rand::distr::StandardUniform: rand::distr::Distribution<P::E>,
{
    let (system, mut assignment) = Network::build()?;
    let parameters = Parameters {
        model_proofs: 10,
        ..Parameters::default()
    };
    let description = timed("describe", || Description::<P>::new(system, parameters))?;
    let (model, mut committed) = timed("commit to the model", || {
        commit(&description, GroupKind::Model, &assignment.columns)
    })?;
    let permit = committed.permit()?;
    let reused = vec![Reused {
        committed: &committed,
        permit,
    }];
    let commitments = [model];
    let proof = timed("prove", || {
        prove(&description, &mut assignment, &commitments, reused)
    })?;
    let bytes = proof.encode();
    let statement = Statement {
        publics: &assignment.statement,
        commitments: &commitments,
    };
    let decoded = Proof::decode(&bytes, &description)?;
    timed("verify", || verify(&description, &statement, &decoded))?;
    println!("{:<28}{:>10} bytes", "proof", bytes.len());

    let mut changed = assignment.statement[0].to_i64s();
    changed[0] += 1;
    let changed = [Tensor::from_i64s(
        assignment.statement[0].shape.clone(),
        changed,
    )?];
    let false_statement = Statement {
        publics: &changed,
        commitments: &commitments,
    };
    match verify(&description, &false_statement, &decoded) {
        Ok(()) => return Err("a changed output was accepted".into()),
        Err(reason) => println!("a changed output is rejected: {reason}"),
    }
    println!("\n{}", description.account());
    Ok(())
}
