//! Systems of linear and product relations with satisfying assignments.

use alloc::string::String;
use alloc::vec::Vec;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use relation::system::Builder;
use relation::{
    Assignment, ColumnId, Combination, Einsum, Interval, Relation, Role, Source, System, Tensor,
    Term, Value, View,
};

/// A system and values that satisfy it.
pub struct Case {
    pub name: &'static str,
    pub system: System,
    pub values: Assignment,
}

/// Bound of most computed columns.
const LARGE: i64 = 1 << 40;

/// A system that is put together, with the values of its columns.
struct Maker {
    rng: StdRng,
    builder: Builder,
    columns: Vec<Tensor>,
    statement: Vec<Tensor>,
    /// Columns that the relations determine, each by the relation of the same position.
    outputs: Vec<ColumnId>,
}

impl Maker {
    fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            builder: System::builder(),
            columns: Vec::new(),
            statement: Vec::new(),
            outputs: Vec::new(),
        }
    }

    fn random(&mut self, shape: &[usize], bound: i64) -> Tensor {
        let len: usize = shape.iter().product();
        let values = (0..len)
            .map(|_| self.rng.random_range(-bound..=bound))
            .collect();
        Tensor::from_i64s(shape.to_vec(), values).unwrap()
    }

    fn input(&mut self, shape: &[usize], bound: i64) -> View {
        let tensor = self.random(shape, bound);
        self.columns.push(tensor);
        let interval = Interval::new(-bound, bound);
        let id = self
            .builder
            .column("input", shape, Role::Parameter, interval);
        View::identity(Source::Column(id), shape).unwrap()
    }

    fn output(&mut self, shape: &[usize], bound: i64) -> View {
        let zeros = core::iter::repeat_n(0, shape.iter().product()).collect();
        self.columns
            .push(Tensor::from_i64s(shape.to_vec(), zeros).unwrap());
        let interval = Interval::new(-bound, bound);
        let id = self
            .builder
            .column("output", shape, Role::Parameter, interval);
        self.outputs.push(id);
        View::identity(Source::Column(id), shape).unwrap()
    }

    /// An output column that is the sum of the einsums.
    fn product(&mut self, shape: &[usize], right: Vec<Einsum>) -> View {
        self.product_below(shape, LARGE, right)
    }

    fn product_below(&mut self, shape: &[usize], bound: i64, right: Vec<Einsum>) -> View {
        let out = self.output(shape, bound);
        self.builder.product("product", out.clone().into(), right);
        out
    }

    /// An output column that is `sum`.
    fn linear(&mut self, sum: Combination) -> View {
        let out = self.output(sum.shape(), LARGE);
        self.builder
            .linear("linear", sum.minus(out.clone()).unwrap());
        out
    }

    fn finish(self, name: &'static str) -> Case {
        let system = self.builder.build().unwrap();
        let mut values = Assignment {
            columns: self.columns,
            statement: self.statement,
        };
        for (relation, id) in core::iter::zip(system.relations(), &self.outputs) {
            let shape = relation.shape().to_vec();
            let computed = (0..shape.iter().product())
                .map(|index| {
                    let x = unravel(&shape, index);
                    let value = match relation {
                        Relation::Linear { sum, .. } => read(&system, &values, sum, &x),
                        Relation::Product { right, .. } => right
                            .iter()
                            .map(|einsum| einsum_at(&system, &values, einsum, &x))
                            .sum(),
                        Relation::Lookup { .. } => 0,
                    };
                    i64::try_from(value).unwrap()
                })
                .collect();
            values.columns[id.0] = Tensor::from_i64s(shape, computed).unwrap();
        }
        system.check(&values).unwrap();
        Case {
            name,
            system,
            values,
        }
    }
}

/// The row-major index as one index per axis.
pub fn unravel(shape: &[usize], mut index: usize) -> Vec<usize> {
    let mut x: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let at = index % size;
            index /= size;
            at
        })
        .collect();
    x.reverse();
    x
}

/// One element of a combination, by the reference semantics.
pub fn read(system: &System, values: &Assignment, combination: &Combination, x: &[usize]) -> i128 {
    let publics = system.public_values(&values.statement);
    combination.get(x, |source| match source {
        Source::One => None,
        Source::Column(id) => Some(&values.columns[id.0]),
        Source::Public(id) => publics[id.0],
    })
}

fn einsum_at(system: &System, values: &Assignment, einsum: &Einsum, x: &[usize]) -> i128 {
    let sizes: Vec<(usize, usize)> = core::iter::zip(&einsum.a_labels, einsum.a.shape())
        .filter(|(label, _)| **label >= x.len())
        .map(|(&label, &size)| (label, size))
        .collect();
    let shape: Vec<usize> = sizes.iter().map(|&(_, size)| size).collect();
    let term = |index: usize| {
        let contracted = unravel(&shape, index);
        let at = |labels: &[usize]| -> Vec<usize> {
            let of = |label: &usize| match x.get(*label) {
                Some(&x) => x,
                None => contracted[sizes.iter().position(|(l, _)| l == label).unwrap()],
            };
            labels.iter().map(of).collect()
        };
        read(system, values, &einsum.a, &at(&einsum.a_labels))
            * read(system, values, &einsum.b, &at(&einsum.b_labels))
    };
    i128::from(einsum.coefficient) * (0..shape.iter().product()).map(term).sum::<i128>()
}

pub fn einsum(
    coefficient: i64,
    a: impl Into<Combination>,
    a_labels: &[usize],
    b: impl Into<Combination>,
    b_labels: &[usize],
) -> Einsum {
    Einsum {
        coefficient,
        a: a.into(),
        a_labels: a_labels.to_vec(),
        b: b.into(),
        b_labels: b_labels.to_vec(),
    }
}

/// Every kind of operand, in small.
pub fn all() -> Vec<Case> {
    alloc::vec![
        matmuls(),
        convolution(),
        elementwise(),
        sums_of_views(),
        publics(),
        scalars(),
        heads(),
        linear(),
        wide(),
        long(),
    ]
}

pub fn matmuls() -> Case {
    let mut m = Maker::new(1);
    let (a, b) = (m.input(&[5, 7], 100), m.input(&[7, 3], 100));
    let c = m.product(
        &[5, 3],
        alloc::vec![einsum(1, a.clone(), &[0, 2], b, &[2, 1])],
    );
    let (p, q) = (m.input(&[3, 4, 6], 10), m.input(&[2, 3, 6], 10));
    m.product(
        &[3, 4, 2],
        alloc::vec![einsum(-3, p, &[0, 1, 3], q, &[2, 0, 3])],
    );
    let d = m.input(&[3, 5], 9);
    let (x, y) = (
        einsum(1, c, &[0, 2], d.clone(), &[2, 1]),
        einsum(2, a, &[0, 3], m.input(&[5, 7], 4), &[1, 3]),
    );
    m.product(&[5, 5], alloc::vec![x, y]);
    m.finish("matmuls")
}

pub fn convolution() -> Case {
    let mut m = Maker::new(2);
    let (image, kernel) = (m.input(&[2, 7, 6], 127), m.input(&[3, 2, 3, 2], 127));
    let windows = image.pad(1, 1, 1).unwrap().window(1, 4, 3, 2, 1).unwrap();
    let windows = windows.pad(3, 0, 1).unwrap().window(3, 3, 2, 2, 2).unwrap();
    m.product(
        &[3, 4, 3],
        alloc::vec![einsum(1, windows, &[3, 1, 4, 2, 5], kernel, &[0, 3, 4, 5])],
    );
    // A depthwise convolution: the channel is a batch label.
    let (signal, kernel) = (m.input(&[3, 9], 127), m.input(&[3, 3], 127));
    let windows = signal.window(1, 7, 3, 1, 1).unwrap();
    m.product(
        &[3, 7],
        alloc::vec![einsum(1, windows, &[0, 1, 2], kernel, &[0, 2])],
    );
    m.finish("convolution")
}

fn elementwise() -> Case {
    let mut m = Maker::new(3);
    let (a, b, gain) = (
        m.input(&[5, 6], 1000),
        m.input(&[6, 5], 1000),
        m.input(&[6], 1000),
    );
    let rows = gain.insert_axis(0).unwrap().broadcast(0, 5).unwrap();
    let b = b.permute(&[1, 0]).unwrap();
    let c = m.product(
        &[5, 6],
        alloc::vec![einsum(1, a.clone(), &[0, 1], b, &[0, 1])],
    );
    m.product(
        &[5, 6],
        alloc::vec![
            einsum(1, c, &[0, 1], rows, &[0, 1]),
            einsum(1, a.clone(), &[0, 1], a, &[0, 1])
        ],
    );
    m.finish("elementwise")
}

fn sums_of_views() -> Case {
    let mut m = Maker::new(4);
    let (u, v) = (m.input(&[2, 4], 50), m.input(&[3, 4], 50));
    let both = Combination::concatenate(0, alloc::vec![u.into(), v.clone().into()]).unwrap();
    let both = both.times(3).unwrap().plus_constant(-2).unwrap();
    let w = m.input(&[4, 4, 5], 20);
    let w = Combination::new(
        &[4, 5],
        alloc::vec![
            Term {
                coefficient: 2,
                view: w.clone().sum(0).unwrap()
            },
            Term {
                coefficient: -1,
                view: w.clone().diagonal(0, 1).unwrap()
            },
        ],
    );
    let w = w.unwrap();
    m.product(&[5, 5], alloc::vec![einsum(1, both, &[0, 2], w, &[2, 1])]);
    let steps = m
        .input(&[11], 50)
        .reverse(0)
        .unwrap()
        .slice(0, 1, 4, 2)
        .unwrap();
    m.product(&[3], alloc::vec![einsum(5, v, &[0, 1], steps, &[1])]);
    m.finish("sums of views")
}

fn publics() -> Case {
    let mut m = Maker::new(5);
    let (fixed, given) = (m.random(&[3, 5], 7), m.random(&[5, 2], 7));
    let fixed = m.builder.constant("fixed", fixed);
    let interval = Interval::new(-7, 7);
    let given_id = m
        .builder
        .public("given", &[5, 2], interval, Value::Statement);
    m.statement.push(given);
    let fixed = View::identity(Source::Public(fixed), &[3, 5]).unwrap();
    let given = View::identity(Source::Public(given_id), &[5, 2]).unwrap();
    let a = m.input(&[2, 5], 40);
    let b = m.product_below(
        &[2, 3],
        1 << 12,
        alloc::vec![einsum(1, a, &[0, 2], fixed.clone(), &[1, 2])],
    );
    let c = m.product_below(
        &[3, 2],
        1 << 12,
        alloc::vec![einsum(1, fixed, &[0, 2], given, &[2, 1])],
    );
    let ones = Combination::constant(&[3, 2], 1).unwrap();
    m.product(
        &[2, 2],
        alloc::vec![
            einsum(1, b.clone(), &[0, 2], c, &[2, 1]),
            einsum(4, b, &[0, 2], ones, &[2, 1])
        ],
    );
    m.finish("publics")
}

fn scalars() -> Case {
    let mut m = Maker::new(6);
    let (a, b) = (m.input(&[9], 99), m.input(&[9], 99));
    let dot = m.product_below(
        &[],
        1 << 17,
        alloc::vec![einsum(1, a.clone(), &[0], b.clone(), &[0])],
    );
    m.product(&[9, 9], alloc::vec![einsum(1, a.clone(), &[0], b, &[1])]);
    m.product(&[], alloc::vec![einsum(1, dot.clone(), &[], dot, &[])]);
    let weight = m.input(&[1, 9], 5);
    m.product(&[1], alloc::vec![einsum(1, weight, &[0, 1], a, &[1])]);
    m.finish("scalars")
}

fn heads() -> Case {
    let mut m = Maker::new(7);
    let (x, y) = (m.input(&[5, 12], 30), m.input(&[6, 24], 30));
    let split = |view: View, len| view.reshape(&[len, 3, 4]).unwrap();
    let keys = split(y.clone().slice(1, 12, 12, 1).unwrap(), 6);
    let scores = m.product(
        &[3, 5, 6],
        alloc::vec![einsum(1, split(x.clone(), 5), &[1, 0, 3], keys, &[2, 0, 3])],
    );
    let queries = split(y.slice(1, 0, 12, 1).unwrap(), 6);
    let mixed = m.product(
        &[5, 3, 4],
        alloc::vec![einsum(1, scores, &[1, 0, 3], queries, &[3, 1, 2])],
    );
    // Heads contracted, their columns free, and the other way round: parts of one axis of the source.
    let (per_head, per_column) = (m.input(&[3], 5), m.input(&[4], 5));
    m.product(
        &[5, 4],
        alloc::vec![einsum(1, split(x.clone(), 5), &[0, 2, 1], per_head, &[2])],
    );
    m.product(
        &[5, 3],
        alloc::vec![einsum(1, split(x, 5), &[0, 1, 2], per_column, &[2])],
    );
    let flat = mixed.reshape(&[60]).unwrap();
    let last = m.input(&[60, 2], 5);
    m.product(&[2], alloc::vec![einsum(1, flat, &[1], last, &[1, 0])]);
    m.finish("heads")
}

fn linear() -> Case {
    let mut m = Maker::new(8);
    let (a, b) = (m.input(&[4, 6], 100), m.input(&[6, 9], 100));
    let shifted = b.slice(1, 2, 4, 2).unwrap().permute(&[1, 0]).unwrap();
    let sum = Combination::from(a)
        .times(2)
        .unwrap()
        .plus_times(-3, shifted)
        .unwrap();
    let c = m.linear(sum.plus_constant(11).unwrap());
    m.linear(c.sum(0).unwrap().into());
    m.finish("linear")
}

/// Integers of every width, beyond what a limb can be multiplied with too.
fn wide() -> Case {
    let mut m = Maker::new(9);
    for bound in [100, 1 << 14, 1 << 24, 1 << 30, 1 << 50] {
        let (a, b, c) = (
            m.input(&[6, 5], bound),
            m.input(&[5, 3], 3),
            m.input(&[3, 6], 3),
        );
        m.product_below(
            &[6, 3],
            1 << 58,
            alloc::vec![einsum(1, a.clone(), &[0, 2], b, &[2, 1])],
        );
        m.product_below(
            &[3, 5],
            1 << 58,
            alloc::vec![einsum(1, c, &[0, 2], a.clone(), &[2, 1])],
        );
        let d = m.input(&[6, 5], 3);
        m.product_below(
            &[6, 5],
            1 << 58,
            alloc::vec![einsum(1, a, &[0, 1], d, &[0, 1])],
        );
    }
    m.finish("wide")
}

/// Longer than what one thread handles at a time, in every kernel.
fn long() -> Case {
    let mut m = Maker::new(10);
    let (a, b) = (m.input(&[9001], 100), m.input(&[9001], 100));
    m.product(
        &[9001],
        alloc::vec![einsum(1, a.clone(), &[0], b.clone(), &[0])],
    );
    m.product(&[], alloc::vec![einsum(1, a, &[0], b, &[0])]);
    let (c, d) = (m.input(&[601, 5], 100), m.input(&[5, 601], 100));
    let (e, f) = (m.input(&[1], 100), m.input(&[601], 100));
    m.product(
        &[5, 1],
        alloc::vec![einsum(
            1,
            c,
            &[2, 0],
            f.clone().insert_axis(1).unwrap(),
            &[2, 1]
        )],
    );
    m.product(
        &[601],
        alloc::vec![einsum(1, d.slice(0, 0, 1, 1).unwrap(), &[1, 0], e, &[1])],
    );
    let (g, h) = (m.input(&[3, 5000], 100), m.input(&[3, 5000], 100));
    m.product(
        &[3, 5000],
        alloc::vec![einsum(1, g.clone(), &[0, 1], h.clone(), &[0, 1])],
    );
    m.product(&[3], alloc::vec![einsum(1, g, &[0, 1], h, &[0, 1])]);
    m.finish("long")
}

/// An einsum of random labels: sizes from 1, axes of the operands in any order.
pub fn random(seed: u64) -> Case {
    let mut m = Maker::new(seed);
    // Labels of the left side belong to the first operand, to the second or to both; the others are contracted.
    let rank = m.rng.random_range(0..4);
    let labels = rank + m.rng.random_range(0..3);
    let sizes: Vec<usize> = (0..labels).map(|_| m.rng.random_range(1..6)).collect();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for label in 0..labels {
        let home = if label < rank {
            m.rng.random_range(0..3)
        } else {
            2
        };
        for (operand, absent) in [(&mut a, 1), (&mut b, 0)] {
            if home != absent {
                let at = m.rng.random_range(0..=operand.len());
                operand.insert(at, label);
            }
        }
    }
    let shape = |labels: &[usize]| labels.iter().map(|&label| sizes[label]).collect::<Vec<_>>();
    let (left, right) = (m.input(&shape(&a), 300), m.input(&shape(&b), 300));
    let right = einsum(7, left, &a, right, &b);
    m.product(&sizes[..rank], alloc::vec![right]);
    m.finish("random")
}

/// The names of the relations that `values` violate.
pub fn violated(case: &Case, values: &Assignment) -> Option<String> {
    case.system
        .check(values)
        .err()
        .map(|violation| alloc::format!("{violation:?}"))
}
