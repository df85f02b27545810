//! Proving and verifying the lookups of a system of `2^L` fractions: a 16-bit range and a unary function.
//!
//! Divan prints the time of one proof; divided by `2^L` it is the cost of a fraction.

use argument::channel::Transparent;
use argument::channel::sender::Sender;
use argument::lookup::{self, LookupShape};
use divan::Bencher;
use p3_blake3::Blake3;
use p3_challenger::{HashChallenger, SerializingChallenger64};
use p3_field::extension::BinomialExtensionField;
use p3_goldilocks::Goldilocks;
use relation::{Assignment, Combination, Interval, Role, Source, System, Tensor};

type F = Goldilocks;
type E = BinomialExtensionField<F, 2>;
type Challenger = SerializingChallenger64<F, HashChallenger<u8, Blake3, 32>>;

const LOG_TABLE: usize = 14;

/// Columns are matrices with rows of this length.
const SIDE: usize = 128;

fn main() {
    divan::main();
}

fn challenger() -> Challenger {
    Challenger::from_hasher(b"bench".to_vec(), Blake3)
}

/// `rows / 2` values in a range and as many pairs of a function, so that all fractions fill `2^log_len` positions.
fn system(log_len: usize) -> (System, Assignment) {
    let table = 1 << LOG_TABLE;
    // A little less than what fits: the layout rounds tails up.
    let rows = ((1 << log_len) - 2 * table) / 2 * 31 / 32;
    let mut builder = System::builder();
    let bounds = Interval::new(0, i64::try_from(table).expect("small") - 1);
    let list = |f: fn(i64) -> i64| {
        let values = (0..=bounds.hi).map(f).collect();
        Tensor::from_i64s(vec![table], values).expect("a table")
    };
    let arguments = builder.constant("arguments", list(|x| x));
    let values = builder.constant("values", list(|x| (x * x) >> LOG_TABLE));
    let [argument, value] = [arguments, values]
        .map(|id| Combination::from(builder.public_view(id).expect("a public tensor")));
    let range = builder.table("range", vec![argument.clone()]);
    let square = builder.table("square", vec![argument, value]);
    let columns = ["remainders", "x", "y"].map(|name| {
        let id = builder.column(name, &[rows / SIDE, SIDE], Role::Witness, bounds);
        Combination::from(builder.view(id).expect("a column"))
    });
    let [remainders, x, y] = columns;
    builder.lookup("range", vec![remainders], range);
    builder.lookup("square", vec![x, y], square);
    let system = builder.build().expect("a valid system");

    let sequence: Vec<i64> = (0..rows)
        .map(|i| i64::try_from(i.wrapping_mul(0x9e37_79b9) % table).expect("small"))
        .collect();
    let squares = sequence.iter().map(|x| (x * x) >> LOG_TABLE).collect();
    let tensor = |values| Tensor::from_i64s(vec![rows / SIDE, SIDE], values).expect("a column");
    let mut assignment = Assignment {
        columns: vec![Tensor::scalar(0); 5],
        statement: Vec::new(),
    };
    let zeros = Tensor::from_i64s(vec![table], vec![0; table]).expect("multiplicities");
    assignment.columns[0] = zeros.clone();
    assignment.columns[1] = zeros;
    assignment.columns[2] = tensor(sequence.clone());
    assignment.columns[3] = tensor(sequence);
    assignment.columns[4] = tensor(squares);
    system
        .multiplicities(&mut assignment)
        .expect("rows of the table");
    (system, assignment)
}

fn prove(system: &System, shape: &LookupShape, assignment: &Assignment) -> Vec<E> {
    let publics = system.public_values(&assignment.statement);
    let read = |source| match source {
        Source::One => None,
        Source::Column(id) => assignment.columns.get(id.0),
        Source::Public(id) => publics.get(id.0).copied().flatten(),
    };
    let mut challenger = challenger();
    let mut sender = Sender::<F, E, _>::new(None, &mut challenger);
    lookup::prove(&mut sender, system, shape, &read, 0);
    sender.finish().0
}

#[divan::bench(args = [16, 18, 20, 22], sample_count = 5, sample_size = 1)]
fn prover(bencher: Bencher<'_, '_>, log_len: usize) {
    let (system, assignment) = system(log_len);
    let shape = LookupShape::new(&system).expect("a shape");
    assert_eq!(shape.log_len(), Some(log_len));
    bencher.bench_local(|| prove(&system, &shape, &assignment));
}

#[divan::bench(args = [16, 20], sample_count = 5, sample_size = 1)]
fn verifier(bencher: Bencher<'_, '_>, log_len: usize) {
    let (system, assignment) = system(log_len);
    let shape = LookupShape::new(&system).expect("a shape");
    let messages = prove(&system, &shape, &assignment);
    bencher.bench_local(|| {
        let mut challenger = challenger();
        let mut channel = Transparent::<F, E, _>::new(&messages, &[], &mut challenger);
        let claims = lookup::verify(&mut channel, &system, &shape, 0);
        assert!(claims.is_ok() && channel.finish().is_ok());
    });
}
