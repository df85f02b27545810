//! The prover of the linear and product relations, on operands of 16-bit integers.
//!
//! Names: step / shape / threads; the time is that of everything between the first challenge and the last message.

use argument::channel::sender::Sender;
use argument::products::{ProductShape, prove};
use divan::Bencher;
use p3_blake3::Blake3;
use p3_challenger::{HashChallenger, SerializingChallenger64};
use p3_field::extension::BinomialExtensionField;
use p3_goldilocks::Goldilocks;
use relation::system::Builder;
use relation::{Assignment, Einsum, Interval, Role, Source, System, Tensor, View};

type E = BinomialExtensionField<Goldilocks, 2>;
type Challenger = SerializingChallenger64<Goldilocks, HashChallenger<u8, Blake3, 32>>;

/// The widest magnitude in an operand: 16 bits with the sign.
const BOUND: i64 = (1 << 15) - 1;

fn tensor(shape: &[usize], seed: u64) -> Tensor {
    let len: usize = shape.iter().product();
    let mut state = seed;
    let values = (0..len)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            i64::from((state >> 48) as i16).max(-BOUND)
        })
        .collect();
    Tensor::from_i64s(shape.to_vec(), values).expect("the shape is small")
}

struct Setup {
    builder: Builder,
    columns: Vec<Tensor>,
}

impl Setup {
    fn new() -> Self {
        Self {
            builder: System::builder(),
            columns: Vec::new(),
        }
    }

    fn column(&mut self, tensor: Tensor, bound: i64) -> View {
        let interval = Interval::new(-bound, bound);
        let id = self
            .builder
            .column("column", &tensor.shape, Role::Parameter, interval);
        let view = View::identity(Source::Column(id), &tensor.shape).expect("a column's shape");
        self.columns.push(tensor);
        view
    }

    /// Proves `out = a . b`; the prover's time does not depend on whether it is so.
    fn run(
        mut self,
        bencher: Bencher<'_, '_>,
        out: &[usize],
        (a, a_labels): (View, &[usize]),
        (b, b_labels): (View, &[usize]),
    ) {
        let zeros = vec![0; out.iter().product()];
        let zeros = Tensor::from_i64s(out.to_vec(), zeros).expect("the shape is small");
        let left = self.column(zeros, 1 << 60);
        let einsum = Einsum {
            coefficient: 1,
            a: a.into(),
            a_labels: a_labels.to_vec(),
            b: b.into(),
            b_labels: b_labels.to_vec(),
        };
        self.builder.product("product", left.into(), vec![einsum]);
        let system = self.builder.build().expect("a valid system");
        let values = Assignment {
            columns: self.columns,
            statement: Vec::new(),
        };
        let shape = ProductShape::new(&system);
        bencher.bench_local(|| {
            let mut challenger = Challenger::from_hasher(Vec::new(), Blake3);
            let mut sender = Sender::<Goldilocks, E, _>::new(None, &mut challenger);
            prove(&mut sender, &system, &shape, &values);
            sender.finish()
        });
    }
}

fn elementwise(bencher: Bencher<'_, '_>, shape: &[usize]) {
    let mut setup = Setup::new();
    let a = setup.column(tensor(shape, 1), BOUND);
    let b = setup.column(tensor(shape, 2), BOUND);
    let labels: Vec<usize> = (0..shape.len()).collect();
    setup.run(bencher, shape, (a, &labels), (b, &labels));
}

#[divan::bench(name = "products/matmul_1024_1024_1024/all")]
fn matmul(bencher: Bencher<'_, '_>) {
    let mut setup = Setup::new();
    let a = setup.column(tensor(&[1024, 1024], 1), BOUND);
    let b = setup.column(tensor(&[1024, 1024], 2), BOUND);
    setup.run(bencher, &[1024, 1024], (a, &[0, 2]), (b, &[2, 1]));
}

#[divan::bench(name = "products/convolution_64_64_56_56_3_3/all")]
fn convolution(bencher: Bencher<'_, '_>) {
    let mut setup = Setup::new();
    let image = setup.column(tensor(&[64, 56, 56], 1), BOUND);
    let kernel = setup.column(tensor(&[64, 64, 3, 3], 2), BOUND);
    let windows = [1, 3].into_iter().fold(image, |view, axis| {
        let padded = view.pad(axis, 1, 1).expect("an axis");
        padded.window(axis, 56, 3, 1, 1).expect("an axis")
    });
    setup.run(
        bencher,
        &[64, 56, 56],
        (windows, &[3, 1, 4, 2, 5]),
        (kernel, &[0, 3, 4, 5]),
    );
}

#[divan::bench(name = "products/attention_scores_12_512_512_64/all")]
fn attention_scores(bencher: Bencher<'_, '_>) {
    let mut setup = Setup::new();
    let mut heads = |seed| {
        let column = setup.column(tensor(&[512, 768], seed), BOUND);
        column.reshape(&[512, 12, 64]).expect("as many elements")
    };
    let (queries, keys) = (heads(1), heads(2));
    setup.run(
        bencher,
        &[12, 512, 512],
        (queries, &[1, 0, 3]),
        (keys, &[2, 0, 3]),
    );
}

#[divan::bench(name = "products/elementwise_1048576/all")]
fn elementwise_flat(bencher: Bencher<'_, '_>) {
    elementwise(bencher, &[1 << 20]);
}

#[divan::bench(name = "products/elementwise_1024_1024/all")]
fn elementwise_square(bencher: Bencher<'_, '_>) {
    elementwise(bencher, &[1024, 1024]);
}

#[divan::bench(name = "products/elementwise_4194304/all")]
fn elementwise_long(bencher: Bencher<'_, '_>) {
    elementwise(bencher, &[1 << 22]);
}

fn main() {
    divan::main();
}
