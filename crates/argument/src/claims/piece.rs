//! Pieces of the stack during the claims sumcheck.
//!
//! The sumcheck binds the least significant variables first. A piece is an aligned power-of-two range of the stack:
//! a block of a column, or a range of coefficients that no claim reads but that the opened polynomials contain
//! (uniform coefficients, masks). It is seen as a matrix whose columns are the trailing axes of the block. While a
//! variable of the columns is bound, only `sum over rows of u[row] X[row, col]` is needed, once per functional, so
//! the weights of a whole block are never formed; afterwards the block is folded to one value per row.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, add_scaled_slice_in_place};
use p3_maybe_rayon::prelude::*;
use relation::{BlockAxis, Tensor};

use super::pull::{Pulled, outer};
use crate::block::BlockReader;
use crate::kernel::{coordinates, dot, from_coordinates};
use crate::multilinear::eq_vector;

/// The values of a piece.
enum Values<'a, F> {
    Block(BlockReader<'a>),
    Flat(Vec<F>),
}

/// The fewest columns for which sharing the work among rows pays.
const MIN_LOG_COLUMNS: usize = 6;

/// One aligned range of the stack.
pub struct Piece<'a, F, E> {
    /// Its first position.
    pub position: usize,
    /// The logarithm of its length.
    pub log_size: usize,
    values: Values<'a, F>,
    log_columns: usize,
    terms: Vec<Term<E>>,
    state: State<E>,
}

/// One functional of a block as an outer product.
struct Term<E> {
    rows: Vec<E>,
    columns: Vec<E>,
}

/// What of the piece is still unbound.
enum State<E> {
    /// Per term: the contracted rows, and the weights, along the columns.
    Columns(Vec<(Vec<E>, Vec<E>)>),
    /// Values and weights along the rows.
    Rows(Vec<E>, Vec<E>),
}

/// What a round needs: the round polynomial's constant and leading coefficient.
pub type Round<E> = (E, E);

impl<'a, F: Field, E: ExtensionField<F>> Piece<'a, F, E> {
    /// A block of a column with its functionals.
    pub fn column(
        position: usize,
        tensor: &'a Tensor,
        axes: &'a [BlockAxis],
        functionals: &[Pulled<E>],
    ) -> Self {
        let log_size: usize = axes.iter().map(|axis| axis.log).sum();
        let split = split(axes, functionals);
        let log_columns: usize = axes[split..].iter().map(|axis| axis.log).sum();
        let terms: Vec<Term<E>> = functionals
            .iter()
            .filter_map(|functional| {
                let columns = box_weights(tensor, axes, functional, split..axes.len())?;
                let mut rows = box_weights(tensor, axes, functional, 0..split)?;
                rows.iter_mut()
                    .for_each(|weight| *weight *= functional.coefficient);
                Some(Term { rows, columns })
            })
            .collect();
        let values = Values::Block(BlockReader::new(tensor, axes));
        let state = State::Columns(Vec::new());
        let mut piece = Self {
            position,
            log_size,
            values,
            log_columns,
            terms,
            state,
        };
        piece.start();
        piece
    }

    /// Coefficients that no functional reads.
    pub fn unread(position: usize, values: Vec<F>) -> Self {
        let log_size = p3_util::log2_strict_usize(values.len());
        Self {
            position,
            log_size,
            values: Values::Flat(values),
            log_columns: log_size,
            terms: Vec::new(),
            state: State::Columns(Vec::new()),
        }
    }

    fn rows(&self) -> usize {
        1 << (self.log_size - self.log_columns)
    }

    /// Contracts the rows with every functional's weights.
    fn start(&mut self) {
        if self.terms.is_empty() {
            return;
        }
        let width = 1 << self.log_columns;
        if self.rows() == 1 {
            // One row: all functionals are one.
            let mut row = vec![F::ZERO; width];
            self.read_row(0, &mut row);
            let mut weights = vec![E::ZERO; width];
            for term in &self.terms {
                for (to, &weight) in weights.iter_mut().zip(&term.columns) {
                    *to += term.rows[0] * weight;
                }
            }
            self.terms = vec![Term {
                rows: vec![E::ONE],
                columns: weights.clone(),
            }];
            self.state = State::Columns(vec![(row.into_iter().map(E::from).collect(), weights)]);
            return;
        }
        let contracted = self.contract_rows(width);
        self.state = State::Columns(
            contracted
                .into_iter()
                .zip(&self.terms)
                .map(|(rows, term)| (rows, term.columns.clone()))
                .collect(),
        );
    }

    /// `sum over rows of u[row] X[row, .]` for every term.
    fn contract_rows(&self, width: usize) -> Vec<Vec<E>> {
        let rows = self.rows();
        let chunk = (rows.div_ceil(4 * current_num_threads()))
            .max((1 << 14) / width)
            .max(1);
        let zero = || vec![vec![vec![F::ZERO; width]; E::DIMENSION]; self.terms.len()];
        let starts: Vec<usize> = (0..rows).step_by(chunk).collect();
        let sums = starts
            .into_par_iter()
            .map(|start| {
                let (mut sums, mut row_values) = (zero(), vec![F::ZERO; width]);
                for row in start..(start + chunk).min(rows) {
                    self.read_row(row, &mut row_values);
                    for (sum, term) in sums.iter_mut().zip(&self.terms) {
                        let weight = term.rows[row];
                        if weight.is_zero() {
                            continue;
                        }
                        for (sum, &part) in sum.iter_mut().zip(weight.as_basis_coefficients_slice())
                        {
                            add_scaled_slice_in_place(sum, &row_values, part);
                        }
                    }
                }
                sums
            })
            .reduce(zero, |mut left, right| {
                for (left, right) in left.iter_mut().flatten().zip(right.iter().flatten()) {
                    add_scaled_slice_in_place(left, right, F::ONE);
                }
                left
            });
        sums.iter().map(|sum| from_coordinates(sum)).collect()
    }

    /// Reads row `row` of the matrix.
    fn read_row(&self, row: usize, out: &mut [F]) {
        match &self.values {
            Values::Flat(values) => out.copy_from_slice(values),
            Values::Block(block) => block.read(row << self.log_columns, out),
        }
    }

    /// The contribution of this piece to the round polynomial.
    pub fn round(&self) -> Round<E> {
        match &self.state {
            State::Columns(terms) => terms
                .iter()
                .map(|(values, weights)| products(values, weights))
                .fold((E::ZERO, E::ZERO), |sum, next| {
                    (sum.0 + next.0, sum.1 + next.1)
                }),
            State::Rows(values, weights) => products(values, weights),
        }
    }

    /// Binds the next variable to `r`; `bound` holds all challenges so far, `r` included.
    pub fn bind(&mut self, r: E, bound: &[E]) {
        match &mut self.state {
            State::Columns(terms) => {
                for (values, weights) in terms.iter_mut() {
                    fold(values, r);
                    fold(weights, r);
                }
            }
            State::Rows(values, weights) => {
                fold(values, r);
                fold(weights, r);
            }
        }
        if bound.len() == self.log_columns {
            self.fold_columns(bound);
        }
    }

    /// Folds the columns at the bound variables: one value and one weight per row remain.
    pub fn fold_columns(&mut self, bound: &[E]) {
        let width = 1 << self.log_columns;
        let point: Vec<E> = bound.iter().rev().copied().collect();
        let eq = coordinates::<F, E>(&eq_vector(&point));
        let columns: Vec<E> = match &self.state {
            State::Columns(terms) => terms.iter().map(|(_, weights)| weights[0]).collect(),
            State::Rows(..) => return,
        };
        let values: Vec<E> = (0..self.rows())
            .into_par_iter()
            .with_min_len(((1 << 14) / width).max(1))
            .map_init(
                || vec![F::ZERO; width],
                |buffer, row| {
                    self.read_row(row, buffer);
                    E::from_basis_coefficients_fn(|d| dot(&eq[d], buffer))
                },
            )
            .collect();
        let mut weights = vec![E::ZERO; self.rows()];
        for (term, &column) in self.terms.iter().zip(&columns) {
            for (to, &row) in weights.iter_mut().zip(&term.rows) {
                *to += row * column;
            }
        }
        self.terms = Vec::new();
        self.state = State::Rows(values, weights);
    }

    /// The value and the weight, once all variables are bound.
    pub fn end(&self) -> (E, E) {
        match &self.state {
            State::Rows(values, weights) => (values[0], weights[0]),
            State::Columns(_) => (E::ZERO, E::ZERO),
        }
    }
}

/// The first axis of the columns: the trailing axes make at least `2^MIN_LOG_COLUMNS` columns, and no functional
/// joins an axis of the rows with one of the columns.
fn split<E>(axes: &[BlockAxis], functionals: &[Pulled<E>]) -> usize {
    let mut split = axes.len();
    let mut log = 0;
    while split > 0 && log < MIN_LOG_COLUMNS {
        split -= 1;
        log += axes[split].log;
    }
    // A joint part moves the split to its first axis.
    let mut moved = true;
    while moved {
        moved = false;
        for part in { functionals.iter() }.flat_map(|functional| functional.parts.iter()) {
            let crosses = part.axes.iter().any(|&axis| axis >= split);
            let first = part.axes.iter().min().copied().unwrap_or(split);
            if crosses && first < split {
                split = first;
                moved = true;
            }
        }
    }
    split
}

/// The weights of a functional over the box's `range` of axes; `None` if they all vanish.
fn box_weights<E: Field>(
    tensor: &Tensor,
    axes: &[BlockAxis],
    functional: &Pulled<E>,
    range: core::ops::Range<usize>,
) -> Option<Vec<E>> {
    let shape = &tensor.shape;
    let parts: Vec<_> = functional
        .parts
        .iter()
        .filter(|part| part.axes.first().is_some_and(|axis| range.contains(axis)))
        .collect();
    let cut = |axis: usize| -> Vec<Option<usize>> {
        let BlockAxis { start, log } = axes[axis];
        (start..start + (1 << log))
            .map(|y| (y < shape[axis]).then_some(y))
            .collect()
    };
    // Parts on single consecutive axes, the usual case, are an outer product.
    let ordered: Vec<usize> = parts
        .iter()
        .flat_map(|part| part.axes.iter().copied())
        .collect();
    if ordered.iter().copied().eq(range.clone()) {
        let vectors: Vec<Vec<E>> = parts
            .iter()
            .map(|part| {
                let mut joint = vec![Some(0usize)];
                for &axis in &part.axes {
                    let cut = cut(axis);
                    joint = joint
                        .iter()
                        .flat_map(|&j| cut.iter().map(move |&y| Some(j? * shape[axis] + y?)))
                        .collect();
                }
                joint
                    .iter()
                    .map(|j| j.map_or(E::ZERO, |j| part.weights[j]))
                    .collect()
            })
            .collect();
        if vectors
            .iter()
            .any(|vector: &Vec<E>| vector.iter().all(Field::is_zero))
        {
            return None;
        }
        return Some(outer(vectors.iter().map(Vec::as_slice)));
    }
    let logs: Vec<usize> = range.clone().map(|axis| axes[axis].log).collect();
    let total: usize = logs.iter().sum();
    let weights: Vec<E> = (0..1usize << total)
        .map(|index| {
            let mut coordinates = vec![0usize; shape.len()];
            let mut rest = index;
            for axis in range.clone().rev() {
                coordinates[axis] = axes[axis].start + (rest & ((1 << axes[axis].log) - 1));
                rest >>= axes[axis].log;
                if coordinates[axis] >= shape[axis] {
                    return E::ZERO;
                }
            }
            parts
                .iter()
                .map(|part| {
                    let joint = part
                        .axes
                        .iter()
                        .fold(0, |joint, &axis| joint * shape[axis] + coordinates[axis]);
                    part.weights[joint]
                })
                .product()
        })
        .collect();
    (!weights.iter().all(Field::is_zero)).then_some(weights)
}

/// Constant and leading coefficient of `sum (a0 + X (a1 - a0)) (w0 + X (w1 - w0))` over adjacent pairs.
pub fn products<E: Field>(values: &[E], weights: &[E]) -> Round<E> {
    let pair = |(a, w): (&[E], &[E])| (a[0] * w[0], (a[1] - a[0]) * (w[1] - w[0]));
    let add = |x: Round<E>, y: Round<E>| (x.0 + y.0, x.1 + y.1);
    if values.len() < 1 << 12 {
        return values
            .chunks_exact(2)
            .zip(weights.chunks_exact(2))
            .map(pair)
            .fold((E::ZERO, E::ZERO), add);
    }
    values
        .par_chunks_exact(2)
        .zip(weights.par_chunks_exact(2))
        .with_min_len(1 << 11)
        .map(pair)
        .reduce(|| (E::ZERO, E::ZERO), add)
}

/// Binds the least significant variable to `r`.
pub fn fold<E: Field>(values: &mut Vec<E>, r: E) {
    if values.len() < 2 {
        return;
    }
    if values.len() < 1 << 12 {
        let half = values.len() / 2;
        for i in 0..half {
            values[i] = values[2 * i] + r * (values[2 * i + 1] - values[2 * i]);
        }
        values.truncate(half);
        return;
    }
    *values = values
        .par_chunks_exact(2)
        .with_min_len(1 << 11)
        .map(|pair| pair[0] + r * (pair[1] - pair[0]))
        .collect();
}
