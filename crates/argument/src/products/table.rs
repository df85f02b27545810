//! Tables of field elements for the sumcheck: one plane per basis coefficient.
//!
//! Planes, unlike arrays of extension elements, can be read by the vector units at any offset, so a table is as
//! long as its tensor: no axis is padded.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{BasedVectorSpace, ExtensionField, Field, PackedValue, PrimeCharacteristicRing};
use rayon::prelude::*;

/// Elements that one thread handles at a time: three operands of this length stay in the nearest caches.
const CHUNK: usize = 1 << 11;

/// A run of elements: plane `d` holds their basis coefficients `d`; a single plane holds base field elements.
pub(super) type Run<'t, F> = Vec<&'t [F]>;

/// A vector of elements of the base field (one plane) or of its extension (one plane per basis coefficient).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table<F> {
    /// The planes, all of one length.
    pub(super) planes: Vec<Vec<F>>,
}

/// What a sumcheck round needs to know of a pair of tables.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round<E> {
    /// The round polynomial at 0.
    pub(super) constant: E,
    /// Its coefficient of degree 2.
    pub(super) square: E,
}

impl<F: Field> Table<F> {
    /// `len` zeros in `planes` planes.
    pub(super) fn zeros(planes: usize, len: usize) -> Self {
        Self {
            planes: (0..planes).map(|_| F::zero_vec(len)).collect(),
        }
    }

    /// The table of `values`.
    pub(super) fn from_elements<E: ExtensionField<F>>(values: &[E]) -> Self {
        let plane = |d| {
            values
                .iter()
                .map(|value| value.as_basis_coefficients_slice()[d])
                .collect()
        };
        Self {
            planes: (0..E::DIMENSION).map(plane).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.planes[0].len()
    }

    /// Whether the elements are known to lie in the base field.
    pub(super) fn is_base(&self) -> bool {
        self.planes.len() == 1
    }

    /// Element `index`.
    pub(super) fn get<E: ExtensionField<F>>(&self, index: usize) -> E {
        scalar(&self.run(index, 1), 0)
    }

    /// Makes room for extension elements.
    pub(super) fn promote<E: ExtensionField<F>>(&mut self) {
        let len = self.len();
        self.planes.resize_with(E::DIMENSION, || F::zero_vec(len));
    }

    /// The elements `start .. start + len`.
    pub(super) fn run(&self, start: usize, len: usize) -> Run<'_, F> {
        self.planes
            .iter()
            .map(|plane| &plane[start..start + len])
            .collect()
    }

    /// Adds `factor * other`, plane by plane.
    pub(super) fn add_scaled(&mut self, other: &Self, factor: F) {
        for (plane, other) in self.planes.iter_mut().zip(&other.planes) {
            plane
                .par_chunks_mut(CHUNK)
                .zip(other.par_chunks(CHUNK))
                .for_each(|(plane, other)| {
                    for (x, &y) in plane.iter_mut().zip(other) {
                        *x += factor * y;
                    }
                });
        }
    }

    /// Multiplies by `factor`, plane by plane.
    pub(super) fn scale(&mut self, factor: F) {
        for plane in &mut self.planes {
            plane
                .par_iter_mut()
                .with_min_len(CHUNK)
                .for_each(|x| *x *= factor);
        }
    }
}

fn scalar<F: Field, E: ExtensionField<F>>(run: &[&[F]], index: usize) -> E {
    E::from_basis_coefficients_fn(|d| run.get(d).map_or(F::ZERO, |plane| plane[index]))
}

/// The packed value at `start`; lanes behind the end are zero.
#[inline(always)]
pub(super) fn lane<F: Field>(plane: &[F], start: usize) -> F::Packing {
    match plane.get(start..start + F::Packing::WIDTH) {
        Some(full) => *F::Packing::from_slice(full),
        None => last_lane(plane, start),
    }
}

#[cold]
#[inline(never)]
fn last_lane<F: Field>(plane: &[F], start: usize) -> F::Packing {
    F::Packing::from_fn(|lane| plane.get(start + lane).copied().unwrap_or(F::ZERO))
}

/// The packed extension value at `start`; lanes behind the end are zero.
#[inline(always)]
pub(super) fn lanes<F: Field, E: ExtensionField<F>>(
    run: &[impl AsRef<[F]>],
    start: usize,
) -> E::ExtensionPacking {
    E::ExtensionPacking::from_basis_coefficients_fn(|d| lane(run[d].as_ref(), start))
}

/// Writes a packed extension value at `start`, up to the end.
#[inline(always)]
pub(super) fn put<F: Field, E: ExtensionField<F>>(
    run: &mut [impl AsMut<[F]>],
    start: usize,
    value: &E::ExtensionPacking,
) {
    for (plane, &value) in run.iter_mut().zip(value.as_basis_coefficients_slice()) {
        let plane = &mut plane.as_mut()[start..];
        match plane.get_mut(..F::Packing::WIDTH) {
            Some(full) => *F::Packing::from_slice_mut(full) = value,
            None => {
                let len = plane.len();
                plane.copy_from_slice(&value.as_slice()[..len]);
            }
        }
    }
}

/// The sum of all lanes.
pub(super) fn total<F: Field, E: ExtensionField<F>>(value: &E::ExtensionPacking) -> E {
    E::from_basis_coefficients_fn(|d| {
        value.as_basis_coefficients_slice()[d]
            .as_slice()
            .iter()
            .copied()
            .sum()
    })
}

/// `sum_x a[x] b[x]` of two runs of one length, `a` in the extension field.
pub(super) fn dot<F: Field, E: ExtensionField<F>>(a: &[&[F]], b: &[&[F]]) -> E {
    let mut sum = E::ExtensionPacking::ZERO;
    for x in (0..a[0].len()).step_by(F::Packing::WIDTH) {
        let left = lanes::<F, E>(a, x);
        sum += if b.len() == 1 {
            left * lane(b[0], x)
        } else {
            left * lanes::<F, E>(b, x)
        };
    }
    total::<F, E>(&sum)
}

/// The round of a pair of runs that were cut in the middle; the upper parts may be shorter (zeros follow).
fn round<F: Field, E: ExtensionField<F>>(
    (a0, a1): (&[&[F]], &[&[F]]),
    (b0, b1): (&[&[F]], &[&[F]]),
) -> Round<E> {
    let head = a1.first().map_or(0, |plane| plane.len());
    let (a0_head, a0_tail) = split(a0, head);
    let (b0_head, b0_tail) = split(b0, head);
    let mut constant = E::ExtensionPacking::ZERO;
    let mut square = E::ExtensionPacking::ZERO;
    for x in (0..head).step_by(F::Packing::WIDTH) {
        let (low, high) = (lanes::<F, E>(&a0_head, x), lanes::<F, E>(a1, x));
        if b0.len() == 1 {
            let (b_low, b_high) = (lane(b0_head[0], x), lane(b1[0], x));
            constant += low * b_low;
            square += (high - low) * (b_high - b_low);
        } else {
            let (b_low, b_high) = (lanes::<F, E>(&b0_head, x), lanes::<F, E>(b1, x));
            constant += low * b_low;
            square += (high - low) * (b_high - b_low);
        }
    }
    let tail = dot::<F, E>(&a0_tail, &b0_tail);
    Round {
        constant: total::<F, E>(&constant) + tail,
        square: total::<F, E>(&square) + tail,
    }
}

fn split<'t, F>(run: &[&'t [F]], at: usize) -> (Run<'t, F>, Run<'t, F>) {
    run.iter().map(|plane| plane.split_at(at)).unzip()
}

/// `low + r (high - low)` in place of `low`; `high` may be shorter (zeros follow).
///
/// If `high` has one plane, so has `low` had: its further planes are written, not read.
fn fold<F: Field, E: ExtensionField<F>>(low: &mut [&mut [F]], high: &[&[F]], r: E) {
    let head = high[0].len();
    let factor = E::ExtensionPacking::from(r);
    for x in (0..low[0].len()).step_by(F::Packing::WIDTH) {
        // A vector that straddles the end of `high` reads zeros there, which is what follows.
        let folded = if high.len() == 1 {
            let value = lane(low[0], x);
            let difference = if x < head {
                lane(high[0], x) - value
            } else {
                -value
            };
            factor * difference + value
        } else {
            let value = lanes::<F, E>(low, x);
            let difference = if x < head {
                lanes::<F, E>(high, x) - value
            } else {
                -value
            };
            factor * difference + value
        };
        put::<F, E>(low, x, &folded);
    }
}

/// Two tables of one length whose inner product is summed, cut at `splits[0]`, then at `splits[1]`, ...
///
/// `a` is in the extension field; `b` may lie in the base field until the first challenge.
#[derive(Debug)]
pub(super) struct Pair<F> {
    pub(super) a: Table<F>,
    pub(super) b: Table<F>,
}

/// One thread's part of a fold: matching runs of both tables.
struct Job<'t, F> {
    /// Runs of the lower half: those that the next round takes as lower and as upper half.
    low: [Vec<&'t mut [F]>; 2],
    /// The runs of the upper half that they are folded with.
    high: [Run<'t, F>; 2],
}

impl<F: Field> Pair<F> {
    /// The inner product of the two tables, and the first round if they are cut at `cut`.
    pub(super) fn first<E: ExtensionField<F>>(&self, cut: Option<usize>) -> (E, Round<E>) {
        let len = self.a.len();
        let cut = cut.unwrap_or(len);
        let part = |start: usize| {
            let low = CHUNK.min(cut - start);
            let high = CHUNK.min(len.saturating_sub(cut + start)).min(low);
            let upper = (cut + start).min(len);
            let (a0, b0) = (self.a.run(start, low), self.b.run(start, low));
            let (a1, b1) = (self.a.run(upper, high), self.b.run(upper, high));
            let round = round::<F, E>((&a0, &a1), (&b0, &b1));
            (round.constant + dot::<F, E>(&a1, &b1), round)
        };
        (0..cut.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| part(chunk * CHUNK))
            .reduce(Default::default, |(x, r), (y, s)| (x + y, r + s))
    }

    /// Binds the variable whose halves are cut at `cut` to `r`, and gives the round of the next cut.
    pub(super) fn bind<E: ExtensionField<F>>(
        &mut self,
        cut: usize,
        next: Option<usize>,
        r: E,
    ) -> Round<E> {
        let next = next.unwrap_or(cut);
        let jobs = core::iter::zip(self.a.jobs::<E>(cut, next), self.b.jobs::<E>(cut, next))
            .collect::<Vec<_>>();
        let run = |(mut a, mut b): (Job<'_, F>, Job<'_, F>)| {
            for job in [&mut a, &mut b] {
                for (low, high) in job.low.iter_mut().zip(&job.high) {
                    fold::<F, E>(low, high, r);
                }
            }
            let [a0, a1] = a.runs();
            let [b0, b1] = b.runs();
            round::<F, E>((&a0, &a1), (&b0, &b1))
        };
        let sum = if jobs.len() == 1 {
            jobs.into_iter()
                .map(run)
                .fold(Round::default(), |x, y| x + y)
        } else {
            jobs.into_par_iter()
                .map(run)
                .reduce(Round::default, |x, y| x + y)
        };
        for table in [&mut self.a, &mut self.b] {
            for plane in &mut table.planes {
                plane.truncate(cut);
            }
        }
        sum
    }
}

impl<F: Field> Job<'_, F> {
    fn runs(&self) -> [Run<'_, F>; 2] {
        [0, 1].map(|half| self.low[half].iter().map(|plane| &**plane).collect())
    }
}

impl<F: Field> Table<F> {
    /// Cuts the table into jobs: runs below `next`, runs at the same distance above it, and their upper halves.
    fn jobs<E: ExtensionField<F>>(&mut self, cut: usize, next: usize) -> Vec<Job<'_, F>> {
        let sources = self.planes.len();
        if sources < E::DIMENSION {
            self.planes.resize_with(E::DIMENSION, || F::zero_vec(cut));
        }
        let mut jobs: Vec<Job<'_, F>> = (0..next.div_ceil(CHUNK))
            .map(|_| Job {
                low: [vec![], vec![]],
                high: [vec![], vec![]],
            })
            .collect();
        for (d, plane) in self.planes.iter_mut().enumerate() {
            let (low, high) = plane.split_at_mut(cut);
            let (low0, low1) = low.split_at_mut(next);
            let (high0, high1) = high.split_at(next.min(high.len()));
            let mut lows = [low0.chunks_mut(CHUNK), low1.chunks_mut(CHUNK)];
            let mut highs = [high0.chunks(CHUNK), high1.chunks(CHUNK)];
            for job in &mut jobs {
                for half in [0, 1] {
                    job.low[half].push(lows[half].next().unwrap_or_default());
                    if d < sources {
                        job.high[half].push(highs[half].next().unwrap_or_default());
                    }
                }
            }
        }
        jobs
    }
}

impl<E: Field> core::ops::Add for Round<E> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            constant: self.constant + other.constant,
            square: self.square + other.square,
        }
    }
}
