//! The values of combinations of views, a box at a time.

use core::ops::{AddAssign, Mul, Range};

use alloc::vec::Vec;

use relation::{Combination, Data, Source, Tensor, Term, View};

/// The integers in which a combination is summed up.
pub(super) trait Integer: Copy + From<i64> + AddAssign + Mul<Output = Self> {}

impl Integer for i64 {}
impl Integer for i128 {}

/// Whether no sum of `combination` leaves the 64-bit integers, given the tensors behind it.
pub(super) fn is_small<'t>(
    combination: &Combination,
    read: &impl Fn(Source) -> Option<&'t Tensor>,
) -> bool {
    let largest = |term: &Term| {
        let value: u64 = match read(term.view.source()).map(|tensor| (&tensor.data, tensor)) {
            None => 1,
            Some((Data::I8(_), _)) => 1 << 7,
            Some((Data::I16(_), _)) => 1 << 15,
            Some((Data::I32(_), _)) => 1 << 31,
            Some((Data::I64(_), tensor)) => {
                let interval = tensor.interval();
                interval.lo.unsigned_abs().max(interval.hi.unsigned_abs())
            }
        };
        let once = u128::from(value).checked_mul(term.coefficient.unsigned_abs().into())?;
        once.checked_mul(term.view.reads().most.into())
    };
    let sum = combination
        .terms()
        .iter()
        .try_fold(0u128, |sum, term| sum.checked_add(largest(term)?));
    sum.is_some_and(|sum| sum < 1 << 63)
}

/// Adds the values of `combination` at the indices of a box to `out`, row-major in the box.
///
/// Columns and public tensors that `read` does not give count as zero.
///
/// # Panics
/// If the box reaches out of the shape, or has another size than `out`.
pub(super) fn add<'t, I: Integer>(
    combination: &Combination,
    region: &[Range<usize>],
    read: &impl Fn(Source) -> Option<&'t Tensor>,
    out: &mut [I],
) {
    // A piece of a block may lie beyond the extent altogether; there is no view of nothing.
    if out.is_empty() {
        return;
    }
    for Term { coefficient, view } in combination.terms() {
        let factor = I::from(*coefficient);
        match (
            view.source(),
            read(view.source()).map(|tensor| &tensor.data),
        ) {
            (Source::One, _) => add_view(view, region, factor, &[1i8], out),
            (_, None) => {}
            (_, Some(Data::I8(data))) => add_view(view, region, factor, data, out),
            (_, Some(Data::I16(data))) => add_view(view, region, factor, data, out),
            (_, Some(Data::I32(data))) => add_view(view, region, factor, data, out),
            (_, Some(Data::I64(data))) => add_view(view, region, factor, data, out),
        }
    }
}

fn add_view<I: Integer, T: Copy + Into<i64>>(
    view: &View,
    region: &[Range<usize>],
    factor: I,
    data: &[T],
    out: &mut [I],
) {
    if view.is_identity()
        && let Some(start) = contiguous(region, &view.shape())
    {
        for (out, &value) in out.iter_mut().zip(&data[start..]) {
            *out += factor * I::from(value.into());
        }
        return;
    }
    restrict(view, region).for_each_run(|run| {
        let (output, source) = (run.output, run.source);
        if run.output_step == 1 && run.source_step == 1 {
            let values = &data[source..][..run.len];
            for (out, &value) in out[output..][..run.len].iter_mut().zip(values) {
                *out += factor * I::from(value.into());
            }
        } else if run.output_step == 1 && run.source_step == 0 {
            let value = factor * I::from(data[source].into());
            for out in &mut out[output..][..run.len] {
                *out += value;
            }
        } else {
            for (output, source) in run.entries() {
                out[output] += factor * I::from(data[source].into());
            }
        }
    });
}

/// The row-major index of the first element of a box whose elements are neighbours.
fn contiguous(region: &[Range<usize>], shape: &[usize]) -> Option<usize> {
    let whole = |(range, &size): (&Range<usize>, &usize)| range.len() == size;
    let inner = { region.iter().zip(shape).rev() }
        .take_while(|&axis| whole(axis))
        .count();
    let outer = region.len() - inner;
    // One axis may be cut; further out there is one index.
    if region[..outer.saturating_sub(1)]
        .iter()
        .any(|range| range.len() != 1)
    {
        return None;
    }
    let fold = |start, (range, &size): (&Range<usize>, &usize)| start * size + range.start;
    Some(region.iter().zip(shape).fold(0, fold))
}

/// The view of the box alone.
fn restrict(view: &View, region: &[Range<usize>]) -> View {
    let mut part = view.clone();
    for (axis, (range, size)) in region.iter().zip(view.shape()).enumerate() {
        if range.len() != size {
            part = part
                .slice(axis, range.start, range.len(), 1)
                .expect("the box lies inside the shape");
        }
    }
    part
}

/// The number of indices of a box.
pub(super) fn volume(region: &[Range<usize>]) -> usize {
    region.iter().map(Range::len).product()
}

/// The values of `combination` in a box, row-major; see [`add`].
pub(super) fn values<'t, I: Integer>(
    combination: &Combination,
    region: &[Range<usize>],
    read: &impl Fn(Source) -> Option<&'t Tensor>,
) -> Vec<I> {
    let mut out = alloc::vec![I::from(0); volume(region)];
    add(combination, region, read, &mut out);
    out
}
